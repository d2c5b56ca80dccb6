import Metrics

/// The counters of a metric, one for each value of a label; they come from a closed set.
package struct LabelledCounter<Label: CaseIterable & Hashable & RawRepresentable<String> & Sendable>: Sendable {
    private let counters: [Label: Counter]

    /// Makes the counters, which may have other labels before this one.
    package init(_ metric: String, _ label: String, others: [(String, String)] = []) {
        self.counters = .init(
            uniqueKeysWithValues: Label.allCases.map {
                ($0, Counter(label: metric, dimensions: others + [(label, $0.rawValue)]))
            })
    }

    package func increment(_ value: Label, by number: Int = 1) { self.counters[value]?.increment(by: number) }
}
