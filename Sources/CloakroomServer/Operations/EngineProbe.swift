import CloakroomStore

/// Probes the rows for `/readyz`, at most once a second: each probe is a commit with a flush.
///
/// Requests that come while a probe is under way, or within a second of its start, share its outcome.
actor EngineProbe {
    /// What a probe found.
    struct Outcome: Sendable {
        /// Why the engine takes no writes; `nil` where it does.
        let writes: StorageError?
        /// What is missing from it.
        let history: Result<LostHistory?, StorageError>
    }

    private static let interval = Duration.seconds(1)

    private let engines: any EngineStatus
    private var latest: Task<Outcome, Never>?
    private var begunAt = ContinuousClock.now
    private var isUnderWay = false

    init(_ engines: any EngineStatus) {
        self.engines = engines
    }

    func outcome() async -> Outcome {
        if let latest, self.isUnderWay || self.begunAt.duration(to: .now) < Self.interval { return await latest.value }
        let engines = self.engines
        let probe = Task { await Self.probe(engines) }
        (self.latest, self.begunAt, self.isUnderWay) = (probe, .now, true)
        defer { self.isUnderWay = false }
        return await probe.value
    }

    private static func probe(_ engines: any EngineStatus) async -> Outcome {
        var failure: StorageError?
        do throws(StorageError) {
            try await engines.checkWritable()
        } catch {
            failure = error
        }
        do throws(StorageError) {
            return Outcome(writes: failure, history: .success(try await engines.findLostHistory().value()))
        } catch {
            return Outcome(writes: failure, history: .failure(error))
        }
    }
}
