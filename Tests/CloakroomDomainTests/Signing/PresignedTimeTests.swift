import CloakroomDomain
import Testing

/// Rules 10 and 11: no leeway at the end, a quarter of an hour before the beginning.
struct PresignedTimeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// The server's clock, in seconds after the URL's date.
        let offset: Int64
        let isAccepted: Bool

        var testDescription: String { self.name }
    }

    static let clocks: [Case] = [
        Case(name: "16 minutes early", offset: -960, isAccepted: false),
        Case(name: "a second too early", offset: -901, isAccepted: false),
        Case(name: "15 minutes early", offset: -900, isAccepted: true),
        Case(name: "on time", offset: 0, isAccepted: true),
        Case(name: "the last second", offset: 3_600, isAccepted: true),
        Case(name: "a second too late", offset: 3_601, isAccepted: false),
        Case(name: "a day late", offset: 86_400, isAccepted: false),
    ]

    @Test(arguments: Self.clocks)
    func urlWorksFromItsDateToItsEnd(_ example: Case) throws {
        let fixture = try SigningFixture()
        let now = Timestamp(secondsSinceEpoch: 1_774_006_200 + example.offset)
        let request = ReceivedRequest.head("GET", SigningFixture.download)
        guard !example.isAccepted else {
            let grant = try fixture.verify(request, at: now)
            // 2026-03-20T12:30:00Z
            #expect(grant.download?.expiresAt == Timestamp(secondsSinceEpoch: 1_774_009_800))
            return
        }
        let end = Timestamp(secondsSinceEpoch: 1_774_009_800)
        let early = PresignedURLError.notYetValid(from: SigningFixture.now, now: now)
        let late = PresignedURLError.expired(lifetimeSeconds: 3_600, at: end, now: now)
        let error = example.offset < 0 ? early : late
        #expect(throws: error) { try fixture.verify(request, at: now) }
    }

    @Test
    func shorterLifeEndsSooner() throws {
        let fixture = try SigningFixture()
        // As SigningFixture's command with expires=60.
        let target = SigningFixture.target(
            expires: "60", signature: "43f97c9755079d0e3e39ea732d3967a249267d886cffb612d69bc58ae5fb0a87")
        let request = ReceivedRequest.head("GET", target)
        let end = Timestamp(secondsSinceEpoch: 1_774_006_260)
        let after = Timestamp(secondsSinceEpoch: 1_774_006_261)
        let grant = try fixture.verify(request, at: end)
        #expect(grant.download?.expiresAt == end)
        let error = PresignedURLError.expired(lifetimeSeconds: 60, at: end, now: after)
        #expect(throws: error) { try fixture.verify(request, at: after) }
    }

    /// A life of no seconds is over at once, and also before it began.
    @Test(arguments: [Int64(-900), -1, 0, 1])
    func lifeOfNoSecondsIsOver(offset: Int64) throws {
        let fixture = try SigningFixture()
        let now = Timestamp(secondsSinceEpoch: 1_774_006_200 + offset)
        // As SigningFixture's command with expires=0.
        let target = SigningFixture.target(
            expires: "0", signature: "814e8a4e5cd405e882f14d5755237529a1db1e979474aca84a3a27ddcaa9ecb3")
        let request = ReceivedRequest.head("GET", target)
        let error = PresignedURLError.expired(lifetimeSeconds: 0, at: SigningFixture.now, now: now)
        #expect(throws: error) { try fixture.verify(request, at: now) }
    }

    @Test
    func configuredLifetimeIsTheLimit() throws {
        let request = ReceivedRequest.head("GET", SigningFixture.download)
        let short = try SigningFixture(lifetimeSeconds: 3_599)
        let exact = try SigningFixture(lifetimeSeconds: 3_600)
        let error = PresignedURLError.lifetimeTooLong(seconds: 3_600, maximum: 3_599)
        #expect(throws: error) { try short.verify(request) }
        let grant = try exact.verify(request)
        #expect(grant.download != nil)
    }
}
