import NIOCore
import Synchronization
import Testing

@testable import CloakroomServer

/// Connections that wait for slow clients, of an origin with eight.
struct ExpendableConnectionsTests {
    /// Which connections were closed, in order.
    private final class Closings: Sendable {
        private let names = Mutex<[String]>([])

        var all: [String] { self.names.withLock { $0 } }

        func close(_ name: String) -> @Sendable () -> Void {
            { self.names.withLock { $0.append(name) } }
        }
    }

    private static func client(_ address: String) throws -> ClientAddress? {
        ClientAddress(try SocketAddress(ipAddress: address, port: 1))
    }

    @Test
    func originRunsShortAtThreeQuarters() throws {
        let closings = Closings()
        let connections = ExpendableConnections(maximumConnections: 8)
        #expect(connections.threshold == 6)
        let client = try Self.client("192.0.2.1")
        let kept = connections.add(
            .stalled, of: client, bufferedBytes: 0, openConnections: 6, close: closings.close("a"))
        #expect(kept != nil)
        let late = connections.add(
            .stalled, of: client, bufferedBytes: 0, openConnections: 7, close: closings.close("b"))
        #expect(late == nil)
        connections.makeRoom(openConnections: 6)
        #expect(closings.all.isEmpty)
        connections.makeRoom(openConnections: 7)
        connections.makeRoom(openConnections: 8)
        #expect(closings.all == ["a"])
    }

    @Test
    func drainingGoFirstThenTheIdlest() throws {
        let closings = Closings()
        let connections = ExpendableConnections(maximumConnections: 8)
        for (name, reason) in [("first", .stalled), ("second", .stalled), ("third", .draining), ("fourth", .draining)]
            as [(String, ExpendableConnections.Reason)]
        {
            let entry = connections.add(
                reason, of: try Self.client("192.0.2.1"), bufferedBytes: 0, openConnections: 4,
                close: closings.close(name))
            #expect(entry != nil)
        }
        for _ in 0..<5 { connections.makeRoom(openConnections: 8) }
        #expect(closings.all == ["third", "fourth", "first", "second"])
    }

    @Test
    func anAddressStallsAQuarter() throws {
        let closings = Closings()
        let connections = ExpendableConnections(maximumConnections: 8)
        let client = try Self.client("192.0.2.1")
        func stall(_ client: ClientAddress?) -> ExpendableConnections.Entry? {
            connections.add(.stalled, of: client, bufferedBytes: 0, openConnections: 4, close: closings.close(""))
        }
        let first = try #require(stall(client))
        #expect(stall(client) != nil)
        #expect(stall(client) == nil)
        #expect(stall(try Self.client("192.0.2.2")) != nil)
        // Draining a body is no stalling.
        let drain = connections.add(
            .draining, of: client, bufferedBytes: 0, openConnections: 4, close: closings.close(""))
        #expect(drain != nil)
        connections.remove(first)
        connections.remove(first)
        #expect(stall(client) != nil)
        #expect(stall(client) == nil)
    }

    @Test
    func memoryThatWaitsIsBounded() throws {
        let closings = Closings()
        let connections = ExpendableConnections(maximumConnections: 1_024)
        let client = try Self.client("192.0.2.1")
        func stall() -> ExpendableConnections.Entry? {
            connections.add(
                .stalled, of: client, bufferedBytes: 16 * 1_024 * 1_024, openConnections: 4, close: closings.close(""))
        }
        let entries = (0..<4).compactMap { _ in stall() }
        #expect(entries.count == 4)
        #expect(stall() == nil)
        connections.remove(entries[0])
        #expect(stall() != nil)
    }

    @Test
    func removedConnectionIsNotClosed() throws {
        let closings = Closings()
        let connections = ExpendableConnections(maximumConnections: 8)
        let entry = try #require(
            connections.add(
                .stalled, of: nil, bufferedBytes: 0, openConnections: 4, close: closings.close("a")))
        connections.remove(entry)
        connections.makeRoom(openConnections: 8)
        #expect(closings.all.isEmpty)
    }
}
