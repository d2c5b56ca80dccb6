import CloakroomDomain
import Foundation

extension CloakroomClient {
    struct UploadRequest: Encodable {
        let filename: String
        let contentType: String
        let sizeBytes: Int64
        let sha256: String?
        let expiresAfterSeconds: Int64?

        private enum CodingKeys: String, CodingKey {
            case filename, sha256
            case contentType = "content_type"
            case sizeBytes = "size_bytes"
            case expiresAfterSeconds = "expires_after_seconds"
        }
    }

    struct TicketDocument: Decodable {
        let fileID: String
        let uploadURL: String
        let expiresAt: String
        let headers: [String: String]

        private enum CodingKeys: String, CodingKey {
            case headers
            case fileID = "file_id"
            case uploadURL = "upload_url"
            case expiresAt = "expires_at"
        }

        func ticket() throws(CloakroomError) -> UploadTicket {
            guard let id = FileID(self.fileID), let expiresAt = Timestamp(rfc3339: self.expiresAt) else {
                throw .invalidResponse("a member of an upload is missing or malformed")
            }
            return UploadTicket(id: id, url: self.uploadURL, expiresAt: expiresAt, fields: self.headers)
        }
    }
}
