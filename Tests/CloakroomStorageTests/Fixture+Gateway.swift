import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomStorage

/// Requests of the gateway's side.
extension Fixture {
    /// Uploads in one request.
    func upload(
        _ bytes: [UInt8], access: OrganizationAccess, key: IdempotencyKey? = nil, name: String = "a.png"
    ) async throws -> FileRecord {
        let staged = try self.store.stageNew(
            access: access, maximumSize: .defaultMaximumFileSize, checksums: [])
        return try await self.store.sealNew(
            staged, last: [ByteBuffer(bytes: bytes)], filename: try Filename(name),
            mediaType: try #require(MediaType("image/png")), access: access, now: Self.now, key: key)
    }

    /// Revokes the URLs of a file some seconds from now, as was requested then or at another second.
    func revoke(
        _ id: FileID, access: OrganizationAccess, requested: Int64? = nil, after seconds: Int64
    ) async throws -> FileStore.Revocation {
        try await self.store.revokeURLs(
            of: id, access: access, requestedAt: Self.now.advanced(bySeconds: requested ?? seconds),
            now: Self.now.advanced(bySeconds: seconds))
    }
}
