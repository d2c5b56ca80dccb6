import CloakroomStore
import Metrics
import Synchronization

/// Counts the open connections of an origin, and those that it does not serve.
final class ConnectionMeter: Sendable {
    /// Which limit a connection is over.
    enum Limit: String, Sendable, CaseIterable {
        /// That of the origin.
        case origin
        /// That of the client's address.
        case address
    }

    private let meter: Meter
    private let rejections: LabelledCounter<Limit>
    private let count = Atomic<Int>(0)

    init(origin: String) {
        self.meter = Meter(label: "cloakroom_open_connections", dimensions: [("origin", origin)])
        self.rejections = LabelledCounter(
            "cloakroom_refused_connections_total", "limit", others: [("origin", origin)])
    }

    /// Notes a new connection and returns how many are open.
    @discardableResult
    func opened() -> Int {
        self.meter.increment(by: 1)
        return self.count.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// How many connections are open.
    var openCount: Int { self.count.load(ordering: .relaxed) }

    /// Notes that a connection is not served; it is open until it is closed, all the same.
    func rejected(_ limit: Limit) { self.rejections.increment(limit) }

    func closed() {
        self.meter.decrement(by: 1)
        self.count.wrappingSubtract(1, ordering: .relaxed)
    }
}
