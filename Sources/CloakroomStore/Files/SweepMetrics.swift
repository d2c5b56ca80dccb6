import Metrics

/// What the sweep has done, counted; the label comes from a closed set.
struct SweepMetrics: Sendable {
    /// What became of a file or an idempotency key.
    enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A pending file was dropped long after its upload URL had ended.
        case abandoned
        /// A file was dropped at its end.
        case ended
        /// The bytes of a deleted file are durably gone.
        case removed
        /// The deletion of a file was forgotten.
        case forgotten
        /// An idempotency key was forgotten.
        case idempotencyKeys = "idempotency_keys"
    }

    private let counters: [Kind: Counter]

    init() {
        self.counters = .init(
            uniqueKeysWithValues: Kind.allCases.map {
                ($0, Counter(label: "cloakroom_sweep_files_total", dimensions: [("kind", $0.rawValue)]))
            })
    }

    func count(_ number: Int, _ kind: Kind) { self.counters[kind]?.increment(by: number) }
}
