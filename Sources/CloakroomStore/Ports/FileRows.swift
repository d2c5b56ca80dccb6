package import CloakroomDomain

/// Rows of files.
///
/// A change is durable on return, or throws; where nobody can tell whether it was committed, it throws an error other than
/// ``StorageError/full``, and ``WriteProbe/checkWritable()`` settles it.
package protocol FileRows: Sendable {
    /// Looks up a file of any organization, also one that has expired.
    func find(_ id: FileID) -> Lookup<FileRecord?>
    /// Looks up an organization's file that has not expired; another's takes the same path as one that does not exist.
    func find(_ id: FileID, of organization: OrganizationID, now: Timestamp) -> Lookup<FileRecord?>
    /// Looks up those of some files that are an organization's, ready and not expired, as of one moment, in the order of the
    /// ids.
    func findReady(_ ids: [FileID], of organization: OrganizationID, now: Timestamp) -> Lookup<[FileRecord]>
    /// Looks up a page of an organization's files, newest first; expired files are left out.
    ///
    /// A page that looked at many files in vain may be short, and then has a cursor.
    func findPage(_ query: FileQuery, of organization: OrganizationID, now: Timestamp) -> Lookup<FilePage>
    /// Looks up where a ready file's bytes are, also those of an expired one; `nil` for a pending file.
    func findPlacement(_ id: FileID) -> Lookup<Placement?>

    /// Adds a file, and its organization if it is new, unless its key has been used or the quota has no room.
    ///
    /// One after the other: among requests at the same time quotas are exact, and one idempotency key adds one file. The
    /// shorter life counts, the file's own or that of its organization's files at this moment.
    ///
    /// - Parameters:
    ///   - file: A pending file, or a ready one whose bytes are durable.
    ///   - locator: Where they are.
    ///   - request: The request, if it can be recognised when it is repeated; a repetition renews a pending file's upload.
    /// - Returns: What became of it; the row is there only if it says so.
    /// - Throws: ``StorageError``.
    func insert(
        _ file: FileRecord, at locator: BlobLocator?, request: IdempotentRequest?
    ) async throws(StorageError) -> InsertOutcome
    /// Marks a pending file ready, unless it has expired by the time of the seal or waits for other bytes.
    func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at locator: BlobLocator?, durability: Durability
    ) async throws(StorageError) -> SealOutcome
    /// Moves the expiry of a pending file's upload to a later moment.
    func renewUpload(
        _ id: FileID, of organization: OrganizationID, until expiresAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> RenewalOutcome
    /// Notes where a ready file's bytes are now.
    func relocate(_ id: FileID, to locator: BlobLocator?) async throws(StorageError)
}
