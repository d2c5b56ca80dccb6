import CloakroomServer
import Metrics
import Testing

/// The text format of Prometheus, version 0.0.4.
struct PrometheusRegistryTests {
    @Test
    func emptyRegistryIsEmptyText() {
        #expect(PrometheusRegistry().text == "")
    }

    @Test
    func seriesAreSortedUnderTheirType() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "b_total", dimensions: [("route", "put"), ("status", "200")]).increment(by: 2)
        registry.makeCounter(label: "b_total", dimensions: [("route", "get"), ("status", "200")]).increment(by: 1)
        registry.makeMeter(label: "a", dimensions: []).set(2.5)
        registry.makeCounter(label: "c_total", dimensions: []).increment(by: 9_007_199_254_740_993)
        let expected = """
            # TYPE a gauge
            a 2.5
            # TYPE b_total counter
            b_total{route="get",status="200"} 1
            b_total{route="put",status="200"} 2
            # TYPE c_total counter
            c_total 9007199254740993

            """
        #expect(registry.text == expected)
    }

    @Test
    func sameLabelAndDimensionsAreOneSeries() {
        let registry = PrometheusRegistry()
        for _ in 0..<3 {
            registry.makeCounter(label: "a_total", dimensions: [("b", "c")]).increment(by: 1)
        }
        registry.makeCounter(label: "a_total", dimensions: [("b", "d")]).increment(by: 1)
        #expect(registry.text == "# TYPE a_total counter\na_total{b=\"c\"} 3\na_total{b=\"d\"} 1\n")
    }

    @Test
    func gaugeGoesUpAndDown() {
        let registry = PrometheusRegistry()
        let meter = registry.makeMeter(label: "a", dimensions: [])
        meter.set(Int64(4))
        meter.increment(by: 1.5)
        meter.decrement(by: 5)
        registry.makeRecorder(label: "b", dimensions: [], aggregate: false).record(Int64(7))
        #expect(registry.text == "# TYPE a gauge\na 0.5\n# TYPE b gauge\nb 7.0\n")
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let value: String
        let escaped: String

        var testDescription: String { self.escaped }
    }

    /// "label_value … the backslash, double-quote, and line feed characters have to be escaped".
    static let values: [Case] = [
        Case(value: "plain é", escaped: "plain é"),
        Case(value: "a\"b", escaped: "a\\\"b"),
        Case(value: "a\\b", escaped: "a\\\\b"),
        Case(value: "a\nb", escaped: "a\\nb"),
        Case(value: "\\n", escaped: "\\\\n"),
        // One grapheme to Swift, two characters to the format.
        Case(value: "a\r\nb", escaped: "a\r\\nb"),
        Case(value: "a\"\u{301}b", escaped: "a\\\"\u{301}b"),
    ]

    @Test(arguments: Self.values)
    func labelValueIsEscaped(_ example: Case) {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "a_total", dimensions: [("b", example.value)]).increment(by: 1)
        let expected = "# TYPE a_total counter\na_total{b=\"\(example.escaped)\"} 1\n"
        let text = registry.text
        #expect(Array(text.utf8) == Array(expected.utf8))
    }

    /// Each bucket counts what is at most its bound, so every one holds those before it.
    @Test
    func timerIsAHistogramOfSeconds() {
        let registry = PrometheusRegistry()
        let timer = registry.makeTimer(label: "t", dimensions: [("r", "get")])
        timer.recordNanoseconds(100_000)
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(2_000_000_000)
        timer.recordNanoseconds(60_000_000_000)
        let lines = registry.text.split(separator: "\n").map(String.init)
        let buckets = [
            ("0.0001", 1), ("0.00025", 1), ("0.0005", 1), ("0.001", 1), ("0.0025", 2), ("0.005", 2), ("0.01", 2),
            ("0.025", 2), ("0.05", 2), ("0.1", 2), ("0.25", 2), ("0.5", 2), ("1", 2), ("2.5", 3), ("10", 3),
            ("+Inf", 4),
        ]
        let expected = buckets.map { "t_bucket{r=\"get\",le=\"\($0.0)\"} \($0.1)" }
        #expect(lines.first == "# TYPE t histogram")
        #expect(Array(lines.dropFirst().prefix(16)) == expected)
        #expect(lines.last == "t_count{r=\"get\"} 4")
        #expect(lines.count == 19)
        // 0.0001 + 0.002 + 2 + 60
        let sum = lines.dropLast().last?.split(separator: " ").last.flatMap { Double($0) } ?? 0
        #expect(abs(sum - 62.0021) < 1e-9)
    }

    @Test
    func aggregatedRecorderIsAHistogramOfCounts() {
        let registry = PrometheusRegistry()
        let recorder = registry.makeRecorder(label: "n", dimensions: [], aggregate: true)
        for value in [Int64(1), 2, 3, 512, 513] { recorder.record(value) }
        let lines = Set(registry.text.split(separator: "\n").map(String.init))
        let expected: Set<String> = [
            "# TYPE n histogram", "n_bucket{le=\"1\"} 1", "n_bucket{le=\"2\"} 2", "n_bucket{le=\"4\"} 3",
            "n_bucket{le=\"256\"} 3", "n_bucket{le=\"512\"} 4", "n_bucket{le=\"+Inf\"} 5", "n_sum 1031.0", "n_count 5",
        ]
        #expect(expected.isSubset(of: lines))
    }
}
