package import CoreMetrics
import Synchronization

/// The metrics of this process, as swift-metrics' backend and as Prometheus' text.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>, version 0.0.4.
package final class PrometheusRegistry: MetricsFactory {
    /// What identifies a time series.
    private struct Key: Hashable {
        let label: String
        let dimensions: [String]

        init(_ label: String, _ dimensions: [(String, String)]) {
            self.label = label
            self.dimensions = dimensions.flatMap { [$0.0, $0.1] }
        }
    }

    private enum Instrument {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)
    }

    private let instruments = Mutex<[Key: Instrument]>([:])

    package init() {}

    /// Returns the counter of a label and dimensions, the same one each time.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.instruments.withLock { instruments in
            let key = Key(label, dimensions)
            if case .counter(let counter) = instruments[key] { return counter }
            let counter = PrometheusCounter()
            instruments[key] = .counter(counter)
            return counter
        }
    }

    /// Returns the gauge of a label and dimensions, the same one each time.
    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.gauge(label, dimensions)
    }

    /// Returns a histogram where values are aggregated, else a gauge.
    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? self.histogram(label, dimensions, .counts) : self.gauge(label, dimensions)
    }

    /// Returns a histogram of seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.histogram(label, dimensions, .seconds)
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> PrometheusGauge {
        self.instruments.withLock { instruments in
            let key = Key(label, dimensions)
            if case .gauge(let gauge) = instruments[key] { return gauge }
            let gauge = PrometheusGauge()
            instruments[key] = .gauge(gauge)
            return gauge
        }
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)], _ unit: PrometheusHistogram.Unit
    ) -> PrometheusHistogram {
        self.instruments.withLock { instruments in
            let key = Key(label, dimensions)
            if case .histogram(let histogram) = instruments[key] { return histogram }
            let histogram = PrometheusHistogram(unit)
            instruments[key] = .histogram(histogram)
            return histogram
        }
    }

    /// Metrics are kept for the life of the process.
    package func destroyCounter(_ handler: any CounterHandler) {}
    /// Metrics are kept for the life of the process.
    package func destroyMeter(_ handler: any MeterHandler) {}
    /// Metrics are kept for the life of the process.
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Metrics are kept for the life of the process.
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything as Prometheus' text, sorted by name.
    package var text: String {
        let instruments = self.instruments.withLock { $0 }
        let names = Set(instruments.keys.map(\.label)).sorted()
        var lines: [String] = []
        for name in names {
            let series = instruments.filter { $0.key.label == name }
                .map { (Self.labels($0.key.dimensions), $0.value) }.sorted { $0.0 < $1.0 }
            guard let first = series.first?.1 else { continue }
            if let text = MetricDescriptions.texts[name] { lines.append("# HELP \(name) \(text)") }
            lines.append("# TYPE \(name) \(Self.type(first))")
            for (labels, instrument) in series { lines += Self.samples(name, labels, instrument) }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func type(_ instrument: Instrument) -> String {
        switch instrument {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private static func labels(_ dimensions: [String]) -> String {
        stride(from: 0, to: dimensions.count, by: 2).map { index in
            "\(dimensions[index])=\"\(Self.escape(dimensions[index + 1]))\""
        }.joined(separator: ",")
    }

    private static func escape(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func samples(_ name: String, _ labels: String, _ instrument: Instrument) -> [String] {
        let braced = labels.isEmpty ? "" : "{\(labels)}"
        switch instrument {
        case .counter(let counter): return ["\(name)\(braced) \(counter.value)"]
        case .gauge(let gauge): return ["\(name)\(braced) \(gauge.value)"]
        case .histogram(let histogram):
            let snapshot = histogram.snapshot
            let prefix = labels.isEmpty ? "" : labels + ","
            return snapshot.buckets.map { "\(name)_bucket{\(prefix)le=\"\($0.bound)\"} \($0.count)" }
                + ["\(name)_sum\(braced) \(snapshot.sum)", "\(name)_count\(braced) \(snapshot.count)"]
        }
    }
}
