public import CloakroomCrypto

/// The right to one act on one file.
///
/// Only this module makes one: the ``Verifier`` from a presigned URL, or an owner's
/// ``OrganizationAccess`` together with the file's record.
public enum Grant: Sendable {
    /// To send a file's bytes.
    case upload(UploadGrant)
    /// To read a file's bytes.
    case download(DownloadGrant)
}

/// The right to send one file's bytes.
public struct UploadGrant: Sendable {
    /// The file.
    public let fileID: FileID
    /// The digest that the signature holds the body to, if it does.
    public let signedPayload: SHA256Digest?
    /// The checksums in the URL's query, to which the signature holds the body.
    public let signedChecksums: [Checksum]
    /// The date of the URL that gives the right, `nil` for an owner's own.
    public let issuedAt: Timestamp?

    init(fileID: FileID, signedPayload: SHA256Digest?, signedChecksums: [Checksum], issuedAt: Timestamp?) {
        self.fileID = fileID
        self.signedPayload = signedPayload
        self.signedChecksums = signedChecksums
        self.issuedAt = issuedAt
    }

    /// Grants an owner the sending of its file's bytes; a file of another organization gives `nil`.
    public init?(_ record: FileRecord, access: OrganizationAccess) {
        guard record.organization == access.organization else { return nil }
        self.init(fileID: record.id, signedPayload: nil, signedChecksums: [], issuedAt: nil)
    }
}

/// The right to read one file's bytes.
public struct DownloadGrant: Sendable {
    /// The file.
    public let fileID: FileID
    /// `response-content-type`: the `Content-Type` to respond with.
    public let contentType: String?
    /// `response-content-disposition`: the `Content-Disposition` to respond with.
    public let contentDisposition: String?
    /// `response-cache-control`: the `Cache-Control` to respond with.
    public let cacheControl: String?
    /// `response-content-language`: the `Content-Language` to respond with.
    public let contentLanguage: String?
    /// `response-expires`: the `Expires` to respond with.
    public let expires: String?
    /// The last second in which the right holds.
    public let expiresAt: Timestamp
    /// The date of the URL that gives the right, `nil` for an owner's own.
    public let issuedAt: Timestamp?

    init(
        fileID: FileID, contentType: String?, contentDisposition: String?, cacheControl: String?,
        contentLanguage: String?, expires: String?, expiresAt: Timestamp, issuedAt: Timestamp?
    ) {
        self.fileID = fileID
        self.contentType = contentType
        self.contentDisposition = contentDisposition
        self.cacheControl = cacheControl
        self.contentLanguage = contentLanguage
        self.expires = expires
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
    }

    /// Grants an owner the reading of its file's bytes up to the last second, unless the file ends before; a pending
    /// file, or one of another organization, gives `nil`.
    public init?(_ record: FileRecord, access: OrganizationAccess, expiresAt: Timestamp) {
        guard record.organization == access.organization, record.seal != nil else { return nil }
        self.init(
            fileID: record.id, contentType: record.declaration.mediaType.text,
            contentDisposition: ContentDisposition(filename: record.declaration.filename).fieldValue,
            cacheControl: nil, contentLanguage: nil, expires: nil,
            expiresAt: record.expiresAt.map { min($0, expiresAt) } ?? expiresAt, issuedAt: nil)
    }
}
