public import CloakroomCrypto
public import CloakroomDomain
import NIOCore
import NIOHTTP1

/// A file that a reference was resolved to.
public struct ResolvedFile: Hashable, Sendable {
    /// A presigned URL for its bytes: a secret until it ends.
    public let url: String
    /// The last second in which the URL works.
    public let expiresAt: Timestamp
    /// The name.
    public let filename: Filename
    /// The media type.
    public let mediaType: MediaType
    /// The size.
    public let size: ByteCount
    /// The digest of the bytes.
    public let sha256: SHA256Digest
    /// Where the input has it; empty where no input was resolved.
    public let pointers: [JSONPointer]
}

/// An input whose file references are URLs.
public struct ResolvedInput: Hashable, Sendable {
    /// The input's JSON text; all but the replaced strings is as it was sent.
    public let json: [UInt8]
    /// The files that it refers to.
    public let files: [FileID: ResolvedFile]
}

/// What only a gateway's key may do.
extension CloakroomClient {
    /// Turns file references into URLs, all of them or none.
    ///
    /// - Parameters:
    ///   - ids: The references, 1 to 1,000.
    ///   - organization: Whose files.
    ///   - accept: The media types that will do; all without them.
    /// - Returns: A URL for each, and what is known of its file.
    /// - Throws: ``CloakroomError``, with the codes `FILE_NOT_FOUND` and `FILE_FORMAT_UNSUPPORTED`.
    public func resolve(
        _ ids: [FileID], of organization: OrganizationID, accept: [MediaRange]? = nil
    ) async throws(CloakroomError) -> [FileID: ResolvedFile] {
        let query = FilesQuery(
            organizationID: organization.description, fileIDs: ids.map(\.description),
            accept: accept?.map(\.description))
        let body = try await self.call(.POST, "/v1/files/resolve", body: try Self.encode(query))
        return try Self.decode(FilesAnswer.self, body).resolved()
    }

    /// Puts URLs in the place of the file references of a model's input, all of them or none.
    ///
    /// - Parameters:
    ///   - json: The input as its user sent it, a JSON text.
    ///   - organization: Whose files.
    ///   - accept: The media types that places of the input take.
    /// - Returns: The input, and the files that it refers to.
    /// - Throws: ``CloakroomError``, with the codes `INPUT_VALIDATION_ERROR` (a raw URL among others), `FILE_NOT_FOUND`
    ///   and `FILE_FORMAT_UNSUPPORTED`.
    public func resolveInput(
        _ json: [UInt8], of organization: OrganizationID, accept: [JSONPointer: [MediaRange]] = [:]
    ) async throws(CloakroomError) -> ResolvedInput {
        // The input's own bytes: encoding it anew would change it. And pointers that Unicode holds for equal are two.
        var body = Array(#"{"organization_id":"\#(organization)","accept":{"#.utf8)
        for (index, (pointer, ranges)) in accept.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += try Self.encode(pointer.description) + Array(":".utf8)
            body += try Self.encode(ranges.map(\.description))
        }
        body += Array(#"},"input":"#.utf8) + json + Array("}".utf8)
        let answer = try await self.call(.POST, "/v1/inputs/resolve", body: body)
        let members = RequestDocument.members(of: Array(answer.readableBytesView)[...])
        guard let input = members?.first(where: { $0.name == "input" })?.text else {
            throw .invalidResponse("it has no input")
        }
        return ResolvedInput(json: Array(input), files: try Self.decode(FilesAnswer.self, answer).resolved())
    }

    private struct FilesQuery: Encodable {
        let organizationID: String
        let fileIDs: [String]
        let accept: [String]?

        private enum CodingKeys: String, CodingKey {
            case accept
            case organizationID = "organization_id"
            case fileIDs = "file_ids"
        }
    }

    private struct FilesAnswer: Decodable {
        struct File: Decodable {
            let url: String
            let expiresAt: String
            let filename: String
            let contentType: String
            let sizeBytes: Int64
            let sha256: String
            let pointers: [String]?

            private enum CodingKeys: String, CodingKey {
                case url, filename, sha256, pointers
                case expiresAt = "expires_at"
                case contentType = "content_type"
                case sizeBytes = "size_bytes"
            }
        }

        let files: [String: File]

        func resolved() throws(CloakroomError) -> [FileID: ResolvedFile] {
            var resolved: [FileID: ResolvedFile] = [:]
            for (reference, file) in self.files {
                guard let id = FileID(reference), let expiresAt = Timestamp(rfc3339: file.expiresAt),
                    let filename = try? Filename(file.filename), let mediaType = MediaType(file.contentType),
                    let size = ByteCount(file.sizeBytes), let sha256 = SHA256Digest(hexadecimal: file.sha256)
                else { throw .invalidResponse("a resolved file's members are not what they should be") }
                resolved[id] = ResolvedFile(
                    url: file.url, expiresAt: expiresAt, filename: filename, mediaType: mediaType, size: size,
                    sha256: sha256, pointers: (file.pointers ?? []).compactMap { JSONPointer($0) })
            }
            return resolved
        }
    }
}
