public import CloakroomDomain
import NIOPosix

/// The two ways to check a data directory.
extension StoreCheck {
    /// Looks at a data directory, also beside its server, and changes nothing.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - extent: How closely to look at the files' bytes.
    ///   - health: Told of a failed flush.
    ///   - packLength: The full length of a pack, in bytes.
    ///   - patience: For how long what looks wrong may still turn out to be the server's work.
    ///   - now: The current time.
    ///   - observer: Told of each finding.
    /// - Returns: What was looked at.
    /// - Throws: What failed.
    public static func look(
        at directory: DataDirectory, _ extent: ExaminationExtent, health: StorageHealth,
        packLength: Int64 = BlobStore.packLength, patience: Duration = .seconds(5), now: Timestamp,
        observer: @escaping @Sendable (Finding) -> Void
    ) async throws -> Summary {
        let history = try Self.historyProblems(directory)
        guard let catalog = try Self.openCatalog(directory, .check, health, observer) else {
            return Self.corrupt(1, history, observer)
        }
        return try await Self.endingCatalog(catalog) {
            let problems = try catalog.integrityProblems()
            guard problems.isEmpty else { return Self.report(problems, history, observer) }
            let check = StoreCheck(
                directory, catalog: catalog, tree: try BlobTree(directory), extent, store: nil, packLength: packLength,
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
    public static func repair(
        _ directory: DataDirectory, _ extent: ExaminationExtent, maximumDamaged: Int = StoreCheck.maximumDamagedFiles,
        health: StorageHealth, packLength: Int64 = BlobStore.packLength, now: Timestamp,
        isReported: @escaping @Sendable () -> Bool = { true }, observer: @escaping @Sendable (Finding) -> Void
    ) async throws -> Summary {
        guard let catalog = try Self.openCatalog(directory, .server, health, observer) else {
            return Self.corrupt(1, [], observer)
        }
        return try await Self.endingCatalog(catalog) {
            // Nothing is changed on the word of a damaged database.
            let problems = try catalog.integrityProblems()
            guard problems.isEmpty else { return Self.report(problems, [], observer) }
            let contradictory = try await catalog.dropContradictoryTombstones()
            let blobs = try BlobStore(directory: directory, catalog: catalog, health: health, packLength: packLength)
            return try await Self.endingBlobs(blobs) { store in
                // As a server's start: what a crash left is no finding.
                try await store.recover(now: now)
                try await store.adoptBlobs()
                try await store.beginRun(now: now)
                let check = StoreCheck(
                    directory, catalog: catalog, tree: blobs.tree, extent, store: store,
                    maximumDamaged: maximumDamaged, packLength: packLength, patience: .zero, now: now,
                    isReported: isReported, observer: observer)
                for id in contradictory { await check.report(Self.contradiction(id, repair: "deletion mark removed")) }
                return try await check.run()
            }
        }
    }

    /// Opens the catalogue; `nil` where its database is damaged, which is reported.
    private static func openCatalog(
        _ directory: DataDirectory, _ owner: Catalog.Owner, _ health: StorageHealth,
        _ observer: @Sendable (Finding) -> Void
    ) throws -> Catalog? {
        do throws(Catalog.OpenError) {
            let reserve = owner == .server ? DiskReserve(directory: directory) : nil
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

    private static func endingCatalog(
        _ catalog: Catalog, _ body: () async throws -> Summary
    ) async throws -> Summary {
        do {
            let summary = try await body()
            try await catalog.shutDown()
            return summary
        } catch {
            try? await catalog.shutDown()
            throw error
        }
    }

    private static func endingBlobs(
        _ blobs: BlobStore, _ body: (FileStore) async throws -> Summary
    ) async throws -> Summary {
        let disk = NIOThreadPool(numberOfThreads: 2)
        disk.start()
        do {
            let summary = try await body(FileStore(catalog: blobs.catalog, blobs: blobs, disk: disk))
            try await disk.shutdownGracefully()
            try await blobs.shutDown()
            return summary
        } catch {
            try? await disk.shutdownGracefully()
            try? await blobs.shutDown()
            throw error
        }
    }
}
