import CloakroomClient
import CloakroomCrypto
import CloakroomDomain
import Foundation

/// Files as the commands print them: a line of columns, or a line of JSON with the API's names.
enum FileOutput {
    struct Document: Encodable {
        var fileID: String
        var filename: String
        var contentType: String
        var sizeBytes: Int64
        var status: String?
        var sha256: String?
        var createdAt: String?
        var uploadedAt: String?
        var expiresAt: String?
        var path: String?

        private enum CodingKeys: String, CodingKey {
            case filename, status, sha256, path
            case fileID = "file_id"
            case contentType = "content_type"
            case sizeBytes = "size_bytes"
            case createdAt = "created_at"
            case uploadedAt = "uploaded_at"
            case expiresAt = "expires_at"
        }
    }

    /// A file of the service.
    static func json(_ file: FileMetadata, path: String? = nil) -> String {
        self.line(self.document(file, path: path))
    }

    /// A file of the service, to be encoded.
    static func document(_ file: FileMetadata, path: String? = nil) -> Document {
        Document(
            fileID: file.id.description, filename: file.filename.text, contentType: file.mediaType.text,
            sizeBytes: file.size.bytes, status: file.status.rawValue, sha256: file.sha256?.hexadecimal,
            createdAt: file.createdAt.rfc3339, uploadedAt: file.uploadedAt?.rfc3339,
            expiresAt: file.expiresAt?.rfc3339, path: path)
    }

    /// A file that has been uploaded from a path.
    static func json(_ file: UploadedFile, path: String) -> String {
        self.line(
            Document(
                fileID: file.id.description, filename: file.filename.text, contentType: file.mediaType.text,
                sizeBytes: file.size.bytes, sha256: file.sha256.hexadecimal, path: path))
    }

    /// Columns: id, status, size in bytes, type, time of creation, name.
    static func columns(_ file: FileMetadata) -> String {
        [
            file.id.description, file.status.rawValue, "\(file.size)", file.mediaType.text, file.createdAt.rfc3339,
            TerminalText.escape(file.filename.text),
        ].joined(separator: "\t")
    }

    /// Writes a document as a line of JSON, which a terminal displays as it is.
    static func line(_ document: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return (try? encoder.encode(document)).map { self.escape(String(decoding: $0, as: UTF8.self)) } ?? "{}"
    }

    /// Writes characters that a terminal would not simply display as JSON's escapes, which mean the same.
    private static func escape(_ json: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            guard TerminalText.needsEscape(scalar) else {
                escaped.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                escaped.append(contentsOf: #"\u"#.unicodeScalars)
                escaped.append(contentsOf: (String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars)
            }
        }
        return String(escaped)
    }
}
