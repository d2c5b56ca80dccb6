import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Requests of the gateway's side.
extension Fixture {
    /// Uploads in one request.
    func upload(
        _ bytes: [UInt8], access: OrganizationAccess, key: IdempotencyKey? = nil, name: String = "a.png"
    ) async throws -> FileRecord {
        let staged = try await self.storage.directUploads.begin(
            access: access, maximumSize: .defaultMaximumFileSize, key: key, checksums: [])
        return try await self.storage.directUploads.publish(
            staged, last: [ByteBuffer(bytes: bytes)], filename: try Filename(name),
            mediaType: try #require(MediaType("image/png")), now: Self.now)
    }

    /// Revokes the URLs of a file some seconds from now, as was requested then or at another second.
    func revoke(
        _ id: FileID, access: OrganizationAccess, requested: Int64? = nil, after seconds: Int64
    ) async throws -> Revocations.Outcome {
        try await self.storage.revocations.revoke(
            id, access: access, requestedAt: Self.now.advanced(bySeconds: requested ?? seconds),
            now: Self.now.advanced(bySeconds: seconds))
    }
}
