import CoreMetrics
import Synchronization

/// What is shown of a metric.
protocol PrometheusInstrument: AnyObject, Sendable {
    /// What kind of metric it is.
    static var type: String { get }

    /// The lines of a time series.
    func samples(_ name: String, _ labels: String) -> [String]
}

extension PrometheusInstrument {
    fileprivate func sample(_ name: String, _ labels: String, _ value: some CustomStringConvertible) -> String {
        "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)"
    }
}

/// A number that only grows.
final class PrometheusCounter: CounterHandler, PrometheusInstrument {
    static let type = "counter"
    private let count = Atomic<Int64>(0)

    func samples(_ name: String, _ labels: String) -> [String] {
        [self.sample(name, labels, self.count.load(ordering: .relaxed))]
    }

    func increment(by amount: Int64) { self.count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { self.count.store(0, ordering: .relaxed) }
}

/// A number that goes up and down.
final class PrometheusGauge: MeterHandler, RecorderHandler, PrometheusInstrument {
    static let type = "gauge"
    private let current = Mutex<Double>(0)

    func samples(_ name: String, _ labels: String) -> [String] {
        [self.sample(name, labels, self.current.withLock { $0 })]
    }

    func set(_ value: Int64) { self.set(Double(value)) }

    func set(_ value: Double) { self.current.withLock { $0 = value } }

    func increment(by amount: Double) { self.current.withLock { $0 += amount } }

    func decrement(by amount: Double) { self.increment(by: -amount) }

    func record(_ value: Int64) { self.set(value) }

    func record(_ value: Double) { self.set(value) }
}

/// Values counted by size.
final class PrometheusHistogram: RecorderHandler, TimerHandler, PrometheusInstrument {
    static let type = "histogram"

    /// What the values are.
    enum Unit {
        /// Durations, recorded in nanoseconds and shown in seconds.
        case seconds
        /// Numbers of things.
        case counts

        fileprivate var bounds: [Double] {
            switch self {
            case .seconds:
                [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
            case .counts: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
            }
        }
    }

    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ unit: Unit) {
        self.bounds = unit.bounds
        self.state = Mutex(State(counts: [Int64](repeating: 0, count: unit.bounds.count + 1)))
    }

    func record(_ value: Int64) { self.record(Double(value)) }

    func record(_ value: Double) {
        let bucket = self.bounds.firstIndex { value <= $0 } ?? self.bounds.count
        self.state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { self.record(Double(duration) / 1e9) }

    /// Each bucket has the values that are at most its bound.
    func samples(_ name: String, _ labels: String) -> [String] {
        let state = self.state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var total: Int64 = 0
        var lines: [String] = []
        for (index, count) in state.counts.enumerated() {
            total += count
            let bound = index < self.bounds.count ? Self.text(self.bounds[index]) : "+Inf"
            lines.append("\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)")
        }
        return lines + [self.sample("\(name)_sum", labels, state.sum), self.sample("\(name)_count", labels, total)]
    }

    private static func text(_ bound: Double) -> String {
        bound == bound.rounded() ? "\(Int(bound))" : "\(bound)"
    }
}
