import CloakroomCrypto
import CloakroomDomain

/// A file as the API shows it.
enum FileResource {
    static func json(_ record: FileRecord) -> JSONOutput {
        let (declaration, seal) = (record.declaration, record.seal)
        return .object([
            ("file_id", .string(record.id.description)),
            ("filename", .string(declaration.filename.text)),
            ("content_type", .string(declaration.mediaType.text)),
            ("size_bytes", .integer(declaration.size.bytes)),
            ("status", .string(seal == nil ? "pending" : "ready")),
            ("sha256", .optional(seal?.sha256.hexadecimal)),
            ("created_at", .string(record.createdAt.rfc3339)),
            ("uploaded_at", .optional(seal?.uploadedAt.rfc3339)),
            ("expires_at", .optional(self.end(of: record)?.rfc3339)),
        ])
    }

    /// A pending file ends with its upload URL, or before that at its own end; a ready one has that alone.
    private static func end(of record: FileRecord) -> Timestamp? {
        guard record.seal == nil else { return record.expiresAt }
        return record.expiresAt.map { min($0, record.uploadExpiresAt) } ?? record.uploadExpiresAt
    }
}
