import CloakroomDomain
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

extension APIKeysTests {
    private struct Unwritable: Error, CustomStringConvertible {
        let description = "standard output: no room"
    }

    @Test func aKeyThatIsNotShownIsRevoked() async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        var secret: APIKey?
        let error = await #expect(throws: APIKeys.NotShown.self) {
            try await keys.create(for: .gateway, name: "", permissions: [], now: Fixture.now) { key in
                secret = key
                throw Unwritable()
            }
        }
        let unseen = try await #require(try keys.list().first)
        #expect(unseen.revokedAt == Fixture.now)
        #expect(error?.description.hasPrefix("standard output: no room; the new key \(unseen.id) ") == true)
        #expect(try await keys.principal(#require(secret), now: Fixture.now) == nil)
        try await fixture.close()
    }

    @Test(arguments: [0, 60] as [Int64])
    func aRotationThatIsNotShownLeavesTheOldKeyAsItWas(_ seconds: Int64) async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        let (old, secret) = try await keys.create(for: .gateway, name: "", permissions: [], now: Fixture.now)
        // It has an end already, later than the next rotation's.
        _ = try #require(try await keys.rotate(old.id, gracePeriodSeconds: 600, now: Fixture.now))
        let before = try await #require(try keys.list().first { $0.id == old.id })
        let others = try await keys.list().count
        await #expect(throws: APIKeys.NotShown.self) {
            try await keys.rotate(old.id, gracePeriodSeconds: seconds, now: Fixture.now) { _ in throw Unwritable() }
        }
        #expect(try await keys.list().first { $0.id == old.id } == before)
        #expect(try await keys.principal(secret, now: Fixture.now.advanced(bySeconds: 599)) != nil)
        let after = try await keys.list()
        #expect(after.count == others + 1 && after.filter { $0.revokedAt != nil }.count == 1)
        #expect(try await !keys.rotate(APIKeyID.generate(), gracePeriodSeconds: 0, now: Fixture.now) { _ in })
        try await fixture.close()
    }

    @Test func aFirstKeyThatIsNotShownIsMadeAnew() async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        await #expect(throws: APIKeys.NotShown.self) {
            try await keys.createFirst(now: Fixture.now) { _ in throw Unwritable() }
        }
        #expect(try await keys.list().isEmpty)
        var shown: [APIKey] = []
        for _ in 0..<2 { try await keys.createFirst(now: Fixture.now) { shown.append($0) } }
        #expect(shown.count == 1)
        #expect(try await keys.principal(#require(shown.first), now: Fixture.now) != nil)
        try await fixture.close()
    }
}
