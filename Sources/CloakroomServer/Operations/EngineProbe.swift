import CloakroomStorage

/// Probes the catalogue for `/readyz`, at most once a second: each probe is a commit with a flush.
///
/// Requests that come while a probe is under way, or within a second of its start, share its outcome.
actor EngineProbe {
    /// What a probe found.
    struct Outcome: Sendable {
        /// Why the catalogue takes no writes; `nil` where it does.
        let writes: StorageError?
        /// What is missing from it.
        let history: Result<Catalog.LostHistory?, StorageError>
    }

    private static let interval = Duration.seconds(1)

    private let catalog: Catalog
    private var latest: Task<Outcome, Never>?
    private var begunAt = ContinuousClock.now
    private var isUnderWay = false

    init(_ catalog: Catalog) {
        self.catalog = catalog
    }

    /// Returns what the latest probe found.
    func outcome() async -> Outcome {
        if let latest, self.isUnderWay || self.begunAt.duration(to: .now) < Self.interval { return await latest.value }
        let catalog = self.catalog
        let probe = Task { await Self.probe(catalog) }
        (self.latest, self.begunAt, self.isUnderWay) = (probe, .now, true)
        defer { self.isUnderWay = false }
        return await probe.value
    }

    private static func probe(_ catalog: Catalog) async -> Outcome {
        var failure: StorageError?
        do throws(StorageError) {
            try await catalog.checkWritable()
        } catch {
            failure = error
        }
        return Outcome(
            writes: failure, history: Result { () throws(StorageError) in try catalog.lostHistory() })
    }
}
