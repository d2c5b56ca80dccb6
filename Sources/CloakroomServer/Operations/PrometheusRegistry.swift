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

    private let instruments = Mutex<[Key: any PrometheusInstrument]>([:])

    package init() {}

    /// Returns the counter of a label and dimensions, the same one each time.
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.instrument(label, dimensions) { PrometheusCounter() }
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
        self.instrument(label, dimensions) { PrometheusGauge() }
    }

    private func histogram(
        _ label: String, _ dimensions: [(String, String)], _ unit: PrometheusHistogram.Unit
    ) -> PrometheusHistogram {
        self.instrument(label, dimensions) { PrometheusHistogram(unit) }
    }

    private func instrument<Kind: PrometheusInstrument>(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> Kind
    ) -> Kind {
        self.instruments.withLock { instruments in
            let key = Key(label, dimensions)
            if let known = instruments[key] as? Kind { return known }
            let instrument = make()
            instruments[key] = instrument
            return instrument
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
            lines.append("# TYPE \(name) \(type(of: first).type)")
            for (labels, instrument) in series { lines += instrument.samples(name, labels) }
        }
        return lines.map { $0 + "\n" }.joined()
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
}
