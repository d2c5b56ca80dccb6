public import CloakroomDomain
import NIOHTTP1

/// What is known of files.
extension CloakroomClient {
    /// Returns what is known of a file.
    ///
    /// - Parameter id: The file.
    /// - Returns: What is known of it.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND` for a file that is not the organization's.
    public func file(_ id: FileID) async throws(CloakroomError) -> FileMetadata {
        let body = try await self.call(.GET, "/v1/files/\(id)")
        return try Self.decode(FileDocument.self, body).metadata()
    }

    /// Returns the organization's files, newest first, page by page as they are asked for.
    ///
    /// - Parameters:
    ///   - status: Only files of this status.
    ///   - mediaRange: Only files of this media range.
    ///   - pageSize: How many files a request asks for, 1 to 1,000.
    /// - Returns: The files; a failure is thrown where it happens.
    public func files(
        status: FileQuery.Status? = nil, mediaRange: MediaRange? = nil, pageSize: Int = 200
    ) -> FileSequence {
        FileSequence(client: self, status: status, mediaRange: mediaRange, pageSize: pageSize)
    }

    /// Deletes a file: its bytes are gone, and its URLs are dead.
    ///
    /// - Parameter id: The file.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND` for a file that is not the organization's.
    public func delete(_ id: FileID) async throws(CloakroomError) {
        let attempts = AttemptCounter()
        try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
            let isRepetition = attempts.next() > 1
            do throws(CloakroomError) {
                _ = try await self.answer(try await self.execute(self.request(.DELETE, "/v1/files/\(id)")))
            } catch .service(let error) where isRepetition && error.status == 404 {
                // The attempt whose answer did not arrive has deleted it.
            }
        }
    }

    /// Revokes every presigned URL of a file that was issued until now; the file stays.
    ///
    /// - Parameter id: The file.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND` for a file that is not the organization's.
    public func revokeURLs(of id: FileID) async throws(CloakroomError) {
        _ = try await self.call(.POST, "/v1/files/\(id)/revoke-urls")
    }
}
