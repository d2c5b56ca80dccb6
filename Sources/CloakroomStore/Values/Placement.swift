package import CloakroomCrypto
package import CloakroomDomain

/// What a ready file's row says of its bytes: where they are, until when they are served, and how a download is described.
///
/// A reference: whoever serves a file's bytes asks it several times for each request.
package final class Placement: Sendable {
    package let id: FileID
    /// The digest that was sealed.
    package let digest: SHA256Digest
    /// Where the bytes are; `nil` if the id alone says so.
    package let locator: BlobLocator?
    /// How many there are.
    package let size: ByteCount
    /// When the file expires; `nil` for one that stays.
    package let expiresAt: Timestamp?
    /// Whose file it is.
    package let organization: OrganizationID
    /// How a download is described.
    package let representation: Representation

    /// The longest blob that is verified whenever it is loaded, in bytes.
    package static let smallLength = 64 * 1_024
    /// Whether the blob is small enough to be verified whenever it is loaded.
    package var isSmall: Bool { self.size.bytes <= Int64(Self.smallLength) }

    package init(
        id: FileID, digest: SHA256Digest, locator: BlobLocator?, size: ByteCount, expiresAt: Timestamp?,
        organization: OrganizationID, representation: Representation
    ) {
        self.id = id
        self.digest = digest
        self.locator = locator
        self.size = size
        self.expiresAt = expiresAt
        self.organization = organization
        self.representation = representation
    }

    /// Describes a ready file's record; a pending one gives `nil`.
    package convenience init?(_ record: FileRecord, at locator: BlobLocator?) {
        guard let seal = record.seal,
            let representation = Representation(
                contentType: record.declaration.mediaType.text, filename: record.declaration.filename,
                uploadedAt: seal.uploadedAt)
        else { return nil }
        self.init(
            id: record.id, digest: seal.sha256, locator: locator, size: record.declaration.size,
            expiresAt: record.expiresAt, organization: record.organization, representation: representation)
    }
}
