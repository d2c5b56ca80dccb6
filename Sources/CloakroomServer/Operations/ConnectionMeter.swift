import Metrics
import Synchronization

/// Counts the open connections of an origin.
final class ConnectionMeter: Sendable {
    private let meter: Meter
    private let count = Atomic<Int>(0)

    init(origin: String) {
        self.meter = Meter(label: "cloakroom_open_connections", dimensions: [("origin", origin)])
    }

    /// Notes a new connection and returns how many are open.
    @discardableResult
    func opened() -> Int {
        self.meter.increment(by: 1)
        return self.count.wrappingAdd(1, ordering: .relaxed).newValue
    }

    func closed() {
        self.meter.decrement(by: 1)
        self.count.wrappingSubtract(1, ordering: .relaxed)
    }
}
