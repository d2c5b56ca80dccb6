public import CloakroomCrypto
public import CloakroomDomain
public import NIOPosix
import Synchronization

/// Rows and blobs as one thing: whatever happens in between, a row that says ready has its bytes.
///
/// Calls on behalf of a client take an ``OrganizationAccess`` or a ``Grant``, so none can be made unauthorised.
public final class FileStore: Sendable {
    /// What became of the bytes.
    public struct Sealed: Hashable, Sendable {
        /// The digest of the bytes.
        public let sha256: SHA256Digest
        /// Whether they are the repetition of an upload that had been sealed before.
        public let isRepetition: Bool
    }

    let catalog: Catalog
    let blobs: BlobStore
    let disk: NIOThreadPool
    private let lookups: NIOThreadPool
    let ids: FileIDGenerator
    /// Whether the start could not look at everything that a crash left.
    let isRecoveryIncomplete = Atomic(false)
    let locks = FileLocks()
    let uploadsUnderWay = UploadsUnderWay()
    let pendingFileCache = PendingFileCache(capacity: 32_768)
    let revocations: Revocations
    let readyFiles = ReadyFiles(capacity: 65_536)
    let sweepMetrics = SweepMetrics()
    let quarantineMetrics = QuarantineMetrics()
    /// When large blobs are verified.
    let verification: ReadVerification
    /// How much damage is taken out of the way without being asked.
    let damageBudget = DamageBudget()
    /// Where the sweep goes on with the own files of deleted rows.
    let removals = SweepCursor()
    /// Where it goes on with the slots of deleted rows.
    let slotRemovals = SweepCursor()

    /// Joins a catalogue and blobs.
    ///
    /// - Parameters:
    ///   - catalog: The rows.
    ///   - blobs: The bytes.
    ///   - disk: Threads for calls that block on the disk; started and ended by whoever made it.
    ///   - lookups: Threads for reading many rows at once, no more than cores; without them ``disk`` does it.
    ///   - verification: When large blobs are verified while they are read.
    ///   - urlLifetimeSeconds: The longest life of a presigned URL, by default SigV4's seven days.
    public init(
        catalog: Catalog, blobs: BlobStore, disk: NIOThreadPool, lookups: NIOThreadPool? = nil,
        verification: ReadVerification = .first, urlLifetimeSeconds: Int64 = 604_800
    ) {
        self.catalog = catalog
        self.blobs = blobs
        self.ids = FileIDGenerator(system: blobs.system)
        self.disk = disk
        self.lookups = lookups ?? disk
        self.verification = verification
        self.revocations = Revocations(lifetimeSeconds: urlLifetimeSeconds)
    }

    // MARK: Reads

    /// Returns an organization's file.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Returns: An organization's file.
    /// - Throws: ``StorageError/notFound``, the same for an unknown file, for another organization's and for one that
    ///   has ended.
    public func record(
        _ id: FileID, access: OrganizationAccess, now: Timestamp
    ) throws(StorageError) -> FileRecord {
        guard let record = try self.catalog.file(id, of: access.organization, now: now) else { throw .notFound }
        return record
    }

    /// Returns an organization's file whose bytes are there.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Returns: A ready file.
    /// - Throws: ``StorageError/notFound``, the same for an unknown file, another organization's, a pending one and one
    ///   that has ended.
    public func readyRecord(
        _ id: FileID, access: OrganizationAccess, now: Timestamp
    ) throws(StorageError) -> FileRecord {
        let found = try self.catalog.readyFiles([id], of: access.organization, now: now)
        guard let record = found.first else { throw .notFound }
        return record
    }

    /// Returns those of some files that are an organization's and ready, and have not ended.
    ///
    /// - Parameters:
    ///   - ids: Any files, each once.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Returns: The files, in the order of the ids.
    /// - Throws: ``StorageError``.
    public func readyRecords(
        _ ids: [FileID], access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> [FileRecord] {
        var (files, epoch) = self.readyFiles.find(ids)
        let unknown = ids.filter { files[$0] == nil }
        if !unknown.isEmpty {
            // Up to a thousand rows: not on a thread that others wait for.
            let found = try await Self.run(on: self.lookups) { () throws(StorageError) in
                try self.catalog.readyFiles(unknown, of: access.organization, now: now)
            }
            self.readyFiles.keep(found, since: epoch)
            for file in found { files[file.id] = file }
        }
        // Rows that were kept may have ended since.
        return ids.compactMap { files[$0] }
            .filter { $0.organization == access.organization && !$0.isExpired(at: now) }
    }

    /// Returns a page of an organization's files.
    ///
    /// - Parameters:
    ///   - query: Which files.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Returns: A page of an organization's files.
    /// - Throws: ``StorageError``.
    public func list(
        _ query: FileQuery, access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> FilePage {
        // A page may look at many rows: not on a thread that others wait for.
        try await self.onDisk { () throws(StorageError) in
            try self.catalog.files(query, of: access.organization, now: now)
        }
    }

    /// Opens a sealed file's bytes.
    ///
    /// The row of a blob that is not open yet says where it is and when it ends; one that is open remembers its end.
    ///
    /// - Parameters:
    ///   - grant: The right to read them.
    ///   - now: The current time.
    /// - Returns: The open blob.
    /// - Throws: ``StorageError/notFound`` where there are none or the file has ended, ``StorageError/urlRevoked``.
    public func open(_ grant: DownloadGrant, now: Timestamp) throws(StorageError) -> OpenBlob {
        try self.revocations.check(grant.fileID, issuedAt: grant.issuedAt)
        do throws(StorageError) {
            guard let blob = try self.blobs.open(grant, now: now) else { throw .notFound }
            return blob
        } catch .damaged(let damage) {
            self.noticeDamage(grant.fileID, damage)
            throw .damaged(damage)
        }
    }

    // MARK: Revocation

    /// What became of an attempt to revoke a file's URLs.
    public enum Revocation: Hashable, Sendable {
        /// Every URL that was issued before the request is dead.
        case done
        /// In this second they were revoked before: another attempt has to wait for the second after this one.
        case dueAfter(Timestamp)
    }

    /// Revokes every presigned URL of an organization's file that was issued before a request.
    ///
    /// URLs have dates in whole seconds. A URL that is minted after a revocation is dated after its moment, and moments are
    /// never ahead of the clock. So no URL that was issued before a request is dated later than the second after it, and
    /// of requests in the same second all but the first are done with one revocation in the next. The row first, then the
    /// memory that requests are held to: who is told has both.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    ///   - requestedAt: When the request arrived.
    ///   - now: The current time.
    /// - Returns: What became of it; what is done is durable.
    /// - Throws: ``StorageError/notFound``.
    public func revokeURLs(
        of id: FileID, access: OrganizationAccess, requestedAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> Revocation {
        switch try await self.catalog.revokeURLs(of: id, of: access.organization, now: now) {
        case .revoked:
            self.readyFiles.drop(id)
            self.revocations.add([id: now])
            return .done
        case .revokedBefore(let moment) where moment == now && moment > requestedAt:
            // By another request, which may not have come to this yet.
            self.readyFiles.drop(id)
            self.revocations.add([id: moment])
            return .done
        case .revokedBefore(let moment): return .dueAfter(moment)
        case .missing: throw .notFound
        }
    }

    // MARK: Deletion

    /// Deletes an organization's file.
    ///
    /// On return the row is durably gone, and so are the bytes, unless somebody is reading them: then they go with the
    /// last reader. Their going is durable later.
    ///
    /// The row goes first, and leaves a note. A crash before the bytes are gone leaves the note, by which start-up
    /// removes them before it takes any request.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Throws: ``StorageError/notFound``.
    public func delete(_ id: FileID, access: OrganizationAccess, now: Timestamp) async throws(StorageError) {
        // Nobody else's request waits for a turn, whose length would tell that there is such a file.
        _ = try self.record(id, access: access, now: now)
        try await self.locks.take(id) { () async throws(StorageError) in
            let slot = try? self.catalog.slot(id)
            guard try await self.catalog.delete(id, of: access.organization, now: now) else { throw .notFound }
            _ = self.pendingFileCache.take(id)
            self.readyFiles.drop(id)
            try await self.removeBlob(id)
            // The sweep does it again where this fails.
            if let slot { try? await self.free(slot, of: id) }
        }
    }

    /// Removes a blob on a thread that may block.
    func removeBlob(_ id: FileID) async throws(StorageError) {
        _ = try await self.onDisk { () throws(StorageError) in try self.blobs.remove(id) }
    }

    /// Runs a call that blocks on the disk on a thread that may block.
    func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await Self.run(on: self.disk, body)
    }

    private static func run<Value: Sendable>(
        on pool: NIOThreadPool, _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await pool.runIfActive { Result { () throws(StorageError) in try body() } }.get()
        } catch let error as StorageError {
            throw error
        } catch {
            throw .writesRejected("the server is shutting down")
        }
    }

    /// Runs work as the only one for a file.
    func alone<Value: Sendable>(
        with id: FileID, _ body: @Sendable () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await self.locks.take(id, body)
    }
}
