import CloakroomDomain
package import CloakroomStore
import Synchronization

/// Whether the service can do its work: it is not shutting down, the catalogue takes writes, and the disk has room.
package struct Readiness: Sendable {
    private let probe: EngineProbe
    private let engines: any EngineStatus
    private let minimumFreeBytes: UInt64
    private let shutdown = Shutdown()
    /// Fewer free inodes than this are as bad as a full disk.
    private static let minimumFreeFiles: Int64 = 1_000

    /// Wires the checks; with less room than `minimumFreeBytes` the service is not ready.
    package init(_ engines: any EngineStatus, minimumFreeBytes: UInt64) {
        self.probe = EngineProbe(engines)
        self.engines = engines
        self.minimumFreeBytes = minimumFreeBytes
    }

    private final class Shutdown: Sendable {
        let hasBegun = Atomic(false)
    }

    /// Notes that the server shuts down: from now on it is not ready.
    package func beginShutdown() { self.shutdown.hasBegun.store(true, ordering: .releasing) }

    /// Returns why the service is not ready; nothing where it is.
    package func problems() async -> [String] {
        if self.shutdown.hasBegun.load(ordering: .acquiring) { return ["the server is shutting down"] }
        let found = await self.probe.outcome()
        return self.problemsOfWrites(found.writes) + Self.problems(found.history)
            + Self.problems(self.engines.freeSpace(), minimumFreeBytes: self.minimumFreeBytes)
    }

    private func problemsOfWrites(_ failure: StorageError?) -> [String] {
        if let rejection = self.engines.rejection { return [Self.problem(rejection)] }
        return failure.map { [Self.problem($0)] } ?? []
    }

    private static func problems(_ history: Result<LostHistory?, StorageError>) -> [String] {
        switch history {
        case .success(let lost): lost.map { [Self.problem($0)] } ?? []
        case .failure(let error): [Self.problem(error)]
        }
    }

    // MARK: In words

    /// Says what is missing from the catalogue.
    static func problem(_ lost: LostHistory) -> String {
        let details = lost.details.isEmpty ? "" : ": " + lost.details.joined(separator: "; ")
        return
            "history was lost, found at \(lost.since.rfc3339)\(details); files without a database row: \(lost.bodies); run cloakroom check"
    }

    static func problem(_ rejection: StorageHealth.Rejection) -> String {
        "writes are refused since \(rejection.since.rfc3339): \(rejection.reason)"
    }

    /// Says why the catalogue takes no writes.
    static func problem(_ error: StorageError) -> String {
        let cause =
            switch error {
            case .full: "the disk is full"
            case .writesRejected(let reason), .failed(let reason): reason
            default: "\(error)"
            }
        return "the database does not accept writes: \(cause)"
    }

    /// Says what is wrong with the disk, in a line for each problem.
    static func problems(_ space: FreeSpace?, minimumFreeBytes: UInt64) -> [String] {
        guard let space else { return ["the free space is unknown"] }
        var problems: [String] = []
        if space.isReadOnly { problems.append("the file system is read-only") }
        if space.bytes < minimumFreeBytes {
            problems.append("\(space.bytes) bytes are free, fewer than \(minimumFreeBytes)")
        }
        if let files = space.files, files < Self.minimumFreeFiles {
            problems.append("\(files) inodes are free, fewer than \(Self.minimumFreeFiles)")
        }
        return problems
    }
}
