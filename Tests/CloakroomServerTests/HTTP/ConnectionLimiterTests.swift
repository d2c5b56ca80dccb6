import NIOCore
import Testing

@testable import CloakroomServer

/// What becomes of the connections of an address.
struct ConnectionLimiterTests {
    /// A verdict without its permit.
    enum Outcome: Hashable, Sendable {
        case admitted, rejected, dropped

        init(_ verdict: ConnectionLimiter.Verdict) {
            switch verdict {
            case .admitted: self = .admitted
            case .rejected: self = .rejected
            case .dropped: self = .dropped
            }
        }
    }

    private static func address(_ text: String) throws -> SocketAddress {
        try SocketAddress(ipAddress: text, port: 1)
    }

    private static func release(_ verdict: ConnectionLimiter.Verdict) {
        switch verdict {
        case .admitted(let permit), .rejected(let permit): permit.release()
        case .dropped: break
        }
    }

    @Test
    func connectionsTooManyAreRefusedAndThenDropped() throws {
        let limiter = ConnectionLimiter(connectionsPerAddress: 2)
        let address = try Self.address("192.0.2.1")
        let verdicts = (0..<6).map { _ in limiter.admit(address) }
        #expect(verdicts.map(Outcome.init) == [.admitted, .admitted, .rejected, .rejected, .dropped, .dropped])
        #expect(limiter.limit == 2)
        verdicts.forEach(Self.release)
    }

    /// A connection that is being refused takes no permit from one that could be served.
    @Test
    func endOfEitherKindFreesItsOwn() throws {
        let limiter = ConnectionLimiter(connectionsPerAddress: 1)
        let address = try Self.address("192.0.2.1")
        let admitted = limiter.admit(address)
        let rejected = limiter.admit(address)
        #expect([admitted, rejected, limiter.admit(address)].map(Outcome.init) == [.admitted, .rejected, .dropped])
        Self.release(admitted)
        let next = limiter.admit(address)
        #expect([next, limiter.admit(address)].map(Outcome.init) == [.admitted, .dropped])
        Self.release(rejected)
        let last = limiter.admit(address)
        #expect(Outcome(last) == .rejected)
        for verdict in [next, last, rejected, admitted] { Self.release(verdict) }
        let again = limiter.admit(address)
        #expect(Outcome(again) == .admitted)
        Self.release(again)
    }

    @Test
    func addressesAreCountedApart() throws {
        let limiter = ConnectionLimiter(connectionsPerAddress: 1)
        let texts = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "::ffff:192.0.2.2", "2001:db8::2"]
        let verdicts = try texts.map { limiter.admit(try Self.address($0)) }
        #expect(
            verdicts.map(Outcome.init) == [.admitted, .admitted, .admitted, .admitted, .rejected, .rejected])
        verdicts.forEach(Self.release)
    }

    /// Its client has gone, or it is none that could be counted.
    @Test
    func connectionWithoutAnAddressIsDropped() throws {
        let limiter = ConnectionLimiter(connectionsPerAddress: 1)
        let outcomes = [
            Outcome(limiter.admit(nil)), Outcome(limiter.admit(try SocketAddress(unixDomainSocketPath: "socket"))),
        ]
        #expect(outcomes == [.dropped, .dropped])
    }
}
