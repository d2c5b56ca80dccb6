package import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore
package import NIOPosix

/// Rows in SQLite: point reads are answered at once, on the caller's thread; what may look at many rows is answered later, by a
/// thread of its own.
///
/// One process has the database's files; commands beside the server share them by SQLite's locks.
package final class SQLiteRows: Sendable {
    private let catalog: Catalog
    private let lookups: NIOThreadPool
    private let pages: NIOThreadPool
    private let events: NIOThreadPool

    /// - Parameters:
    ///   - catalog: The database.
    ///   - lookups: Threads for reading many rows by their ids; like the others started and ended by whoever made them.
    ///   - pages: Threads for listing, which may look at many rows in vain.
    ///   - events: Threads for reading events, which may look at many rows in vain, too.
    package init(
        _ catalog: Catalog, lookups: NIOThreadPool, pages: NIOThreadPool, events: NIOThreadPool
    ) {
        self.events = events
        self.catalog = catalog
        self.lookups = lookups
        self.pages = pages
    }

    /// Reads on a thread of its own, unless that is wanted no more by then.
    private func later<Value: Sendable>(
        on threads: NIOThreadPool, _ read: @escaping @Sendable () throws(StorageError) -> Value
    ) -> Lookup<Value> {
        let pending = PendingLookup<Value>()
        threads.submit { state in
            guard state == .active else {
                return pending.complete(.failure(.writesRejected("the server is shutting down")))
            }
            guard !pending.isOver else { return }
            pending.complete(Result { () throws(StorageError) in try read() })
        }
        return .later(pending)
    }
}

extension SQLiteRows: FileRows {
    package func find(_ id: FileID) -> Lookup<FileRecord?> {
        Lookup { () throws(StorageError) in try self.catalog.file(id) }
    }

    package func find(_ id: FileID, of organization: OrganizationID, now: Timestamp) -> Lookup<FileRecord?> {
        Lookup { () throws(StorageError) in try self.catalog.file(id, of: organization, now: now) }
    }

    package func findReady(
        _ ids: [FileID], of organization: OrganizationID, now: Timestamp
    ) -> Lookup<[FileRecord]> {
        let catalog = self.catalog
        if ids.count <= 1 {
            return Lookup { () throws(StorageError) in try catalog.readyFiles(ids, of: organization, now: now) }
        }
        return self.later(on: self.lookups) { () throws(StorageError) in
            try catalog.readyFiles(ids, of: organization, now: now)
        }
    }

    package func findPage(_ query: FileQuery, of organization: OrganizationID, now: Timestamp) -> Lookup<FilePage> {
        self.later(on: self.pages) { [catalog] () throws(StorageError) in
            try catalog.files(query, of: organization, now: now)
        }
    }

    package func findPlacement(_ id: FileID) -> Lookup<Placement?> {
        Lookup { () throws(StorageError) in try self.catalog.placement(id) }
    }

    package func insert(
        _ file: FileRecord, at locator: BlobLocator?, request: IdempotentRequest?
    ) async throws(StorageError) -> InsertOutcome {
        try await self.catalog.insert(file, at: locator, request: request)
    }

    package func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at locator: BlobLocator?, durability: Durability
    ) async throws(StorageError) -> SealOutcome {
        try await self.catalog.seal(id, seal, at: locator, durability: durability)
    }

    package func renewUpload(
        _ id: FileID, of organization: OrganizationID, until expiresAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> RenewalOutcome {
        try await self.catalog.renewUpload(id, of: organization, until: expiresAt, now: now)
    }

    package func relocate(_ id: FileID, to locator: BlobLocator?) async throws(StorageError) {
        try await self.catalog.relocate(id, to: locator)
    }
}

extension SQLiteRows: AdmissionRows {
    package func hasSeen(_ key: IdempotencyKey, from organization: OrganizationID) -> Lookup<Bool> {
        Lookup { () throws(StorageError) in try self.catalog.hasSeen(key, from: organization) }
    }

    package func findExcess(adding size: ByteCount, to organization: OrganizationID) -> Lookup<Quota.Excess?> {
        Lookup { () throws(StorageError) in try self.catalog.excess(adding: size, to: organization) }
    }

    package func withdraw(_ id: FileID, of organization: OrganizationID, now: Timestamp) async throws(StorageError) {
        try await self.catalog.withdraw(id, of: organization, now: now)
    }

    package func forgetIdempotencyKeys(now: Timestamp, limit: Int) async throws(StorageError) -> Int {
        try await self.catalog.forgetIdempotencyKeys(now: now, limit: limit)
    }
}

extension SQLiteRows: DeletionRows {
    package func delete(
        _ id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> Tombstone? {
        try await self.catalog.delete(id, of: organization, now: now)
    }

    package func deleteExpired(now: Timestamp, limit: Int) async throws(StorageError) -> [FileID] {
        try await self.catalog.deleteExpired(now: now, limit: limit)
    }

    package func deleteAbandoned(
        now: Timestamp, limit: Int, except uploads: Set<FileID>
    ) async throws(StorageError) -> Int {
        try await self.catalog.deleteAbandoned(now: now, limit: limit, except: uploads)
    }

    package func findTombstones(_ kind: TombstoneKind, after id: FileID?, limit: Int) -> Lookup<[Tombstone]> {
        Lookup { () throws(StorageError) in try self.catalog.tombstones(kind, after: id, limit: limit) }
    }

    package func markRemoved(_ ids: [FileID]) async throws(StorageError) { try await self.catalog.markRemoved(ids) }

    package func findForgettable(now: Timestamp, limit: Int) -> Lookup<[FileID]> {
        Lookup { () throws(StorageError) in try self.catalog.filesToForget(now: now, limit: limit) }
    }

    package func forget(_ ids: [FileID]) async throws(StorageError) { try await self.catalog.forget(ids) }
}

extension SQLiteRows: RevocationRows {
    package func revokeURLs(
        of id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> RevocationOutcome {
        try await self.catalog.revokeURLs(of: id, of: organization, now: now)
    }

    package func findRevocations(since moment: Timestamp) -> Lookup<[FileID: Timestamp]> {
        Lookup { () throws(StorageError) in try self.catalog.revocations(since: moment) }
    }
}

extension SQLiteRows: EventRows {
    package func findEvents(_ query: EventQuery) -> Lookup<EventPage> {
        let catalog = self.catalog
        return self.later(on: self.events) { () throws(StorageError) in try catalog.events(query) }
    }

    package func findEventLog() -> Lookup<EventLogState> {
        Lookup { () throws(StorageError) in try self.catalog.eventLog() }
    }

    package func dropEvents(notFrom time: ClosedRange<Timestamp>, limit: Int) async throws(StorageError) -> Int {
        try await self.catalog.dropEvents(notFrom: time, limit: limit)
    }

    package func onEvents(_ listener: @escaping @Sendable (EventPosition) -> Void) {
        self.catalog.writer.events?.onEvents(listener)
    }
}

extension SQLiteRows: KeyRows {
    package func findKey(digest: SHA256Digest) -> Lookup<APIKeyRecord?> {
        Lookup { () throws(StorageError) in try self.catalog.apiKey(digest: digest) }
    }

    package func findKey(_ id: APIKeyID) -> Lookup<APIKeyRecord?> {
        Lookup { () throws(StorageError) in try self.catalog.apiKey(id) }
    }

    package func findKeys(of organization: OrganizationID?) -> Lookup<[APIKeyRecord]> {
        Lookup { () throws(StorageError) in try self.catalog.apiKeys(of: organization) }
    }

    package func insert(
        _ key: APIKeyRecord, digest: SHA256Digest, replacing replacement: KeyReplacement?
    ) async throws(StorageError) -> Bool {
        try await self.catalog.insert(key, digest: digest, replacing: replacement)
    }

    package func revoke(
        _ id: APIKeyID, of organization: OrganizationID?, now: Timestamp
    ) async throws(StorageError) -> Bool {
        try await self.catalog.revoke(id, of: organization, now: now)
    }

    package func noteUse(of id: APIKeyID, now: Timestamp) async throws(StorageError) {
        try await self.catalog.noteUse(of: id, now: now)
    }

    package func undoReplacement(
        of old: APIKeyRecord, by new: APIKeyID, now: Timestamp
    ) async throws(StorageError) {
        try await self.catalog.undoReplacement(of: old, by: new, now: now)
    }

    package func removeUnused(_ id: APIKeyID) async throws(StorageError) { try await self.catalog.removeUnused(id) }
}

extension SQLiteRows: OrganizationRows {
    package func findOrganizations() -> Lookup<[OrganizationRecord]> {
        Lookup { () throws(StorageError) in try self.catalog.organizations() }
    }

    package func changeQuota(
        of id: OrganizationID, now: Timestamp, _ change: @escaping @Sendable (inout Quota) -> Void
    ) async throws(StorageError) {
        try await self.catalog.changeQuota(of: id, now: now, change)
    }
}

extension SQLiteRows: LocatorRows {
    package func refers(_ id: FileID, to locator: BlobLocator?) -> Lookup<Bool> {
        Lookup { () throws(StorageError) in
            guard let placement = try self.catalog.placement(id) else { return false }
            return placement.locator == locator
        }
    }

    package func checkWritable() async throws(StorageError) { try await self.catalog.checkWritable() }

    package func flush(completion: @escaping @Sendable (Result<Void, StorageError>) -> Void) {
        self.catalog.flush(completion: completion)
    }
}
