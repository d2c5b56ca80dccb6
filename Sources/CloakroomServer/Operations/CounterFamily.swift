import Metrics
import Synchronization

/// Counters of one name that differ in their labels, each looked up once.
final class CounterFamily: Sendable {
    private let label: String
    private let dimensions: [String]
    private let counters = Mutex<[[String]: Counter]>([:])

    init(_ label: String, _ dimensions: String...) {
        self.label = label
        self.dimensions = dimensions
    }

    /// Counts one; the labels' values come from closed sets, in the order of their names.
    func increment(_ values: String...) {
        self.counters.withLock { counters in
            if let counter = counters[values] { return counter }
            let counter = Counter(label: self.label, dimensions: Array(zip(self.dimensions, values)))
            counters[values] = counter
            return counter
        }.increment()
    }
}
