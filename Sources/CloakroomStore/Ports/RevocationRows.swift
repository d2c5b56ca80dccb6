package import CloakroomDomain

/// Revocations of presigned URLs.
package protocol RevocationRows: Sendable {
    /// Revokes an organization's file's URLs, if the last revocation was before now.
    func revokeURLs(
        of id: FileID, of organization: OrganizationID, now: Timestamp
    ) async throws(StorageError) -> RevocationOutcome
    /// Looks up the files whose URLs were revoked at a moment or later, each with the time of its last revocation.
    func findRevocations(since moment: Timestamp) -> Lookup<[FileID: Timestamp]>
}
