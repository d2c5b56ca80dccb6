import CloakroomCrypto
import CloakroomDomain

/// A file as the API shows it.
struct FileResource: Encodable {
    private let record: FileRecord

    init(_ record: FileRecord) {
        self.record = record
    }

    private enum CodingKeys: String, CodingKey {
        case file_id, filename, content_type, size_bytes, status, sha256, created_at, uploaded_at, expires_at
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let declaration = self.record.declaration
        try container.encode(self.record.id.description, forKey: .file_id)
        try container.encode(declaration.filename.text, forKey: .filename)
        try container.encode(declaration.mediaType.text, forKey: .content_type)
        try container.encode(declaration.size.bytes, forKey: .size_bytes)
        try container.encode(self.record.seal == nil ? "pending" : "ready", forKey: .status)
        try container.encode(self.record.seal?.sha256.hexadecimal, forKey: .sha256)
        try container.encode(self.record.createdAt.rfc3339, forKey: .created_at)
        try container.encode(self.record.seal?.uploadedAt.rfc3339, forKey: .uploaded_at)
        // A pending file ends with its upload URL; a ready one does not end.
        let expiresAt = self.record.seal == nil ? self.record.uploadExpiresAt.rfc3339 : nil
        try container.encode(expiresAt, forKey: .expires_at)
    }
}
