package import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
package import CloakroomStore
package import CloakroomSystem

/// The two ways to check a data directory.
extension StoreCheck {
    /// Looks at a data directory, also beside its server, and changes nothing; what looks wrong may turn out to be the
    /// server's work for as long as `patience`.
    package static func look(
        at directory: DataDirectory, _ extent: ExaminationExtent, health: StorageHealth,
        packLength: Int64 = BlobStore.packLength, patience: Duration = .seconds(5), now: Timestamp,
        observer: @escaping @Sendable (Finding) -> Void
    ) async throws -> Summary {
        let history = try Self.historyProblems(directory)
        guard let catalog = try Self.openCatalog(directory, .check, health, nil, observer) else {
            return Self.corrupt(1, history, observer)
        }
        return try await ending({ try await catalog.shutDown() }) {
            let problems = try catalog.integrityProblems()
            guard problems.isEmpty else { return Self.report(problems, history, observer) }
            let check = StoreCheck(
                directory, catalog: catalog, tree: try BlobTree(directory), extent, quarantine: nil,
                packLength: packLength,
                patience: patience, now: now, observer: observer)
            for finding in history { await check.report(finding) }
            return try await check.run()
        }
    }

    /// Looks at a data directory that no server has, and puts right what can be.
    ///
    /// - Parameters:
    ///   - directory: The data directory, opened exclusively.
    ///   - extent: How closely to look at the files' bytes.
    ///   - maximumDamaged: The most damaged files that are taken out of the way; where there are more, none is.
    ///   - health: Told of a failed flush.
    ///   - packLength: The full length of a pack, in bytes.
    ///   - now: The current time.
    ///   - isReported: Whether the observer could pass on everything: lost history is acknowledged only then.
    ///   - observer: Told of each finding, and what was done.
    /// - Returns: What was looked at.
    /// - Throws: What failed.
    package static func repair(
        _ directory: DataDirectory, _ extent: ExaminationExtent, maximumDamaged: Int = StoreCheck.maximumDamagedFiles,
        health: StorageHealth, packLength: Int64 = BlobStore.packLength, now: Timestamp,
        isReported: @escaping @Sendable () -> Bool = { true }, observer: @escaping @Sendable (Finding) -> Void
    ) async throws -> Summary {
        let reserve = DiskReserve(directory: directory)
        guard let catalog = try Self.openCatalog(directory, .server, health, reserve, observer) else {
            return Self.corrupt(1, [], observer)
        }
        let contradictory: [FileID]
        let local: LocalStore
        do {
            // Nothing is changed on the word of a damaged database.
            let problems = try catalog.integrityProblems()
            guard problems.isEmpty else {
                try await catalog.shutDown()
                return Self.report(problems, [], observer)
            }
            contradictory = try await catalog.dropContradictoryTombstones()
            var options = LocalStore.Options()
            (options.packLength, options.diskThreads) = (packLength, 2)
            local = try LocalStore(directory, health, reserve, catalog, options)
        } catch {
            try? await catalog.shutDown()
            throw error
        }
        return try await ending({ try await local.shutDown() }) {
            // As a server's start: what a crash left is no finding.
            let recovery = Recovery(local.pair, local.storage)
            try await recovery.run(now: now)
            try await recovery.adoptBlobs()
            try await recovery.beginRun(now: now)
            let check = StoreCheck(
                directory, catalog: catalog, tree: local.pair.blobs.tree, extent,
                quarantine: FileQuarantine(local.pair),
                maximumDamaged: maximumDamaged, packLength: packLength, patience: .zero, now: now,
                isReported: isReported, observer: observer)
            for id in contradictory { await check.report(Self.contradiction(id, repair: "deletion mark removed")) }
            return try await check.run()
        }
    }

    /// Opens the catalogue; `nil` where its database is damaged, which is reported.
    private static func openCatalog(
        _ directory: DataDirectory, _ owner: Catalog.Owner, _ health: StorageHealth, _ reserve: DiskReserve?,
        _ observer: @Sendable (Finding) -> Void
    ) throws -> Catalog? {
        do throws(Catalog.OpenError) {
            return try Catalog(directory: directory, owner: owner, health: health, reserve: reserve)
        } catch {
            guard error.isCorruption else { throw error }
            observer(Finding(.corrupt, Catalog.fileName, error.description))
            return nil
        }
    }

    private static func report(
        _ problems: [String], _ history: [Finding], _ observer: @Sendable (Finding) -> Void
    ) -> Summary {
        for problem in problems { observer(Finding(.corrupt, Catalog.fileName, problem)) }
        return Self.corrupt(problems.count, history, observer)
    }

    /// Ends a check of which nothing but the database's damage and its history can be said.
    private static func corrupt(
        _ findings: Int, _ history: [Finding], _ observer: @Sendable (Finding) -> Void
    ) -> Summary {
        for finding in history { observer(finding) }
        return Summary(findings: findings + history.count { $0.kind.counts }, isCorrupt: true)
    }
}
