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
    let ids = FileIDGenerator()
    let turns = FileTurns()
    let recentFiles = RecentFiles(capacity: 32_768)
    let revocations: Revocations

    /// Joins a catalogue and blobs.
    ///
    /// - Parameters:
    ///   - catalog: The rows.
    ///   - blobs: The bytes.
    ///   - disk: Threads for calls that block on the disk; started and ended by whoever made it.
    ///   - urlLifetimeSeconds: The longest life of a presigned URL, by default SigV4's seven days.
    public init(catalog: Catalog, blobs: BlobStore, disk: NIOThreadPool, urlLifetimeSeconds: Int64 = 604_800) {
        self.catalog = catalog
        self.blobs = blobs
        self.disk = disk
        self.revocations = Revocations(lifetimeSeconds: urlLifetimeSeconds)
    }

    // MARK: Reads

    /// Returns an organization's file.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    /// - Returns: An organization's file.
    /// - Throws: ``StorageError/notFound``, the same for an unknown file and for another organization's.
    public func record(_ id: FileID, access: OrganizationAccess) throws(StorageError) -> FileRecord {
        guard let record = try self.catalog.file(id, of: access.organization) else { throw .notFound }
        return record
    }

    /// Returns an organization's file whose bytes are there.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    /// - Returns: A ready file.
    /// - Throws: ``StorageError/notFound``, the same for an unknown file, another organization's and a pending one.
    public func readyRecord(_ id: FileID, access: OrganizationAccess) throws(StorageError) -> FileRecord {
        guard let record = try self.catalog.readyFiles([id], of: access.organization).first else { throw .notFound }
        return record
    }

    /// Returns those of some files that are an organization's and ready.
    ///
    /// - Parameters:
    ///   - ids: Any files, each once.
    ///   - access: The owner's right.
    /// - Returns: The files, in the order of the ids.
    /// - Throws: ``StorageError``.
    public func readyRecords(
        _ ids: [FileID], access: OrganizationAccess
    ) async throws(StorageError) -> [FileRecord] {
        // Up to a thousand rows: not on a thread that others wait for.
        try await self.onDisk { () throws(StorageError) in
            try self.catalog.readyFiles(ids, of: access.organization)
        }
    }

    /// Returns any organization's sealed file, for a URL that does not carry its media type.
    ///
    /// - Parameter grant: The right to read it.
    /// - Returns: Any organization's sealed file, for a URL that does not carry its media type.
    /// - Throws: ``StorageError``.
    public func record(_ grant: DownloadGrant) throws(StorageError) -> FileRecord? {
        try self.catalog.file(grant.fileID)
    }

    /// Returns a page of an organization's files.
    ///
    /// - Parameters:
    ///   - query: Which files.
    ///   - access: The owner's right.
    /// - Returns: A page of an organization's files.
    /// - Throws: ``StorageError``.
    public func list(_ query: FileQuery, access: OrganizationAccess) async throws(StorageError) -> FilePage {
        // A page may look at many rows: not on a thread that others wait for.
        try await self.onDisk { () throws(StorageError) in try self.catalog.files(query, of: access.organization) }
    }

    /// Opens a sealed file's bytes.
    ///
    /// A blob with a file of its own is there if the file is; a packed one that is not open yet, if its row is.
    ///
    /// - Parameter grant: The right to read them.
    /// - Returns: The open blob.
    /// - Throws: ``StorageError/notFound`` where there are none, ``StorageError/urlRevoked``.
    public func open(_ grant: DownloadGrant) throws(StorageError) -> OpenBlob {
        try self.revocations.check(grant.fileID, issuedAt: grant.issuedAt)
        guard let blob = try self.blobs.open(grant) else { throw .notFound }
        return blob
    }

    // MARK: Revocation

    /// Revokes every presigned URL of an organization's file that was issued until now; on return that is durable.
    ///
    /// URLs have dates in whole seconds. One that is minted after the call is dated after the moment of revocation, so
    /// that the next revocation has to lie a second further, in the same second too; the caller holds up those that
    /// follow each other so fast. The row first, then the memory that requests are held to: who is told has both.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - access: The owner's right.
    ///   - now: The current time.
    /// - Returns: The moment: URLs with a date up to then are dead.
    /// - Throws: ``StorageError/notFound``.
    public func revokeURLs(
        of id: FileID, access: OrganizationAccess, now: Timestamp
    ) async throws(StorageError) -> Timestamp {
        let last = try self.record(id, access: access).urlsRevokedAt
        let moment = last.map { max(now, $0.advanced(bySeconds: 1)) } ?? now
        guard try await self.catalog.revokeURLs(of: id, of: access.organization, upTo: moment) else {
            throw .notFound
        }
        self.revocations.add([id: moment])
        return moment
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
        try await self.turns.take(id) { () async throws(StorageError) in
            let slot = try? self.catalog.slot(id)
            guard try await self.catalog.delete(id, of: access.organization, now: now) else { throw .notFound }
            _ = self.recentFiles.take(id)
            self.revocations.forget(id)
            try await self.removeBlob(id)
            // The sweep does it again where this fails.
            if let slot { try? await self.giveBack(slot, of: id) }
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
        do {
            return try await self.disk.runIfActive { Result { () throws(StorageError) in try body() } }.get()
        } catch let error as StorageError {
            throw error
        } catch {
            throw .writesRefused("the server is shutting down")
        }
    }

    /// Runs work as the only one for a file.
    func alone<Value: Sendable>(
        with id: FileID, _ body: @Sendable () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await self.turns.take(id, body)
    }
}
