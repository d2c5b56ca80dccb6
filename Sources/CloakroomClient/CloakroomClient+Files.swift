public import CloakroomDomain
import NIOHTTP1

extension CloakroomClient {
    /// Returns the properties of a file, at once or as soon as it is ready.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - wait: How long the service waits for a pending file to become ready: up to 60 s, in whole seconds. After that, the
    ///     file is returned as it is.
    /// - Returns: Its properties.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND` for a file that is not the organization's.
    public func file(_ id: FileID, wait: Duration = .zero) async throws(CloakroomError) -> FileMetadata {
        let query = wait == .zero ? "" : "?wait=\(wait.components.seconds)"
        let client = wait == .zero ? self : self.waiting
        let body = try await client.call(.GET, "/v1/files/\(id)\(query)")
        return try Self.decode(FileDocument.self, body).metadata()
    }

    /// Returns the files of the organization, newest first; pages are requested as the sequence is read.
    ///
    /// - Parameters:
    ///   - status: Only files of this status.
    ///   - mediaRange: Only files of this media range.
    ///   - pageSize: How many files a request asks for, 1 to 1,000.
    /// - Returns: The files. The iterator throws ``CloakroomError``.
    public func files(
        status: FileQuery.Status? = nil, mediaRange: MediaRange? = nil, pageSize: Int = 200
    ) -> FileSequence {
        FileSequence(client: self, status: status, mediaRange: mediaRange, pageSize: pageSize)
    }

    /// Deletes a file; its URLs stop working.
    ///
    /// - Parameter id: The file.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND` for a file that is not the organization's.
    public func delete(_ id: FileID) async throws(CloakroomError) {
        let attempts = AttemptCounter()
        try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
            let isRepetition = attempts.next() > 1
            do throws(CloakroomError) {
                _ = try await self.content(try await self.execute(self.request(.DELETE, "/v1/files/\(id)")))
            } catch .service(let error) where isRepetition && error.status == 404 {
                // The attempt whose response did not arrive has deleted it.
            }
        }
    }

    /// Revokes all presigned URLs of a file that were issued until now; the file is kept.
    ///
    /// - Parameter id: The file.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND` for a file that is not the organization's.
    public func revokeURLs(of id: FileID) async throws(CloakroomError) {
        _ = try await self.call(.POST, "/v1/files/\(id)/revoke-urls")
    }
}
