public import CloakroomCrypto
public import CloakroomDomain

/// The properties of a file.
public struct FileMetadata: Hashable, Sendable, CustomStringConvertible {
    /// The file reference.
    public let id: FileID
    /// The name.
    public let filename: Filename
    /// The media type.
    public let mediaType: MediaType
    /// The size.
    public let size: ByteCount
    /// Whether its bytes have been uploaded.
    public let status: FileQuery.Status
    /// The digest of the bytes; `nil` for a pending file.
    public let sha256: SHA256Digest?
    /// When it was declared.
    public let createdAt: Timestamp
    /// When the upload was completed; `nil` for a pending file.
    public let uploadedAt: Timestamp?
    /// When the file expires: a pending file with its upload URL at the latest; `nil` for a ready file that does not.
    public let expiresAt: Timestamp?

    /// The id, the name, the type, the size and the status.
    public var description: String {
        "\(self.id) \(self.filename) (\(self.mediaType), \(self.size) bytes, \(self.status))"
    }
}

/// A file as the API writes it.
struct FileDocument: Decodable {
    let fileID: String
    let filename: String
    let contentType: String
    let sizeBytes: Int64
    let status: String
    let sha256: String?
    let createdAt: String
    let uploadedAt: String?
    let expiresAt: String?

    private enum CodingKeys: String, CodingKey {
        case filename, status, sha256
        case fileID = "file_id"
        case contentType = "content_type"
        case sizeBytes = "size_bytes"
        case createdAt = "created_at"
        case uploadedAt = "uploaded_at"
        case expiresAt = "expires_at"
    }

    func metadata() throws(CloakroomError) -> FileMetadata {
        guard let id = FileID(self.fileID), let filename = try? Filename(self.filename),
            let mediaType = MediaType(self.contentType), let size = ByteCount(self.sizeBytes),
            let status = FileQuery.Status(rawValue: self.status), let createdAt = Timestamp(rfc3339: self.createdAt)
        else { throw .invalidResponse("a member of a file is missing or malformed") }
        return FileMetadata(
            id: id, filename: filename, mediaType: mediaType, size: size, status: status,
            sha256: self.sha256.flatMap { SHA256Digest(hexadecimal: $0) }, createdAt: createdAt,
            uploadedAt: self.uploadedAt.flatMap { Timestamp(rfc3339: $0) },
            expiresAt: self.expiresAt.flatMap { Timestamp(rfc3339: $0) })
    }
}
