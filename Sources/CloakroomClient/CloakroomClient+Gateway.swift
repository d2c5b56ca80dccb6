public import CloakroomCrypto
public import CloakroomDomain
import NIOCore
import NIOHTTP1

/// The file of a resolved reference.
public struct ResolvedFile: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// A presigned URL for its bytes, secret until it expires.
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
    /// The places of the reference in the input; empty if no input was resolved.
    public let pointers: [JSONPointer]

    /// The name, the type, the size, and the URL without its query.
    public var description: String {
        "\(self.filename) (\(self.mediaType), \(self.size) bytes) \(RedactedURL(self.url))"
    }

    /// A mirror without children: the URL is a secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// An input in which file references have been replaced by URLs.
public struct ResolvedInput: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The JSON text of the input, unchanged except for the references that are now presigned URLs.
    public let json: [UInt8]
    /// The files that it refers to.
    public let files: [FileID: ResolvedFile]

    /// The length of the input and the ids of the files.
    public var description: String {
        let ids = self.files.keys.sorted().map(\.description).joined(separator: ", ")
        return "\(self.json.count) bytes of JSON with \(ids.isEmpty ? "no files" : ids)"
    }

    /// A mirror without children: the URLs are secrets.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Requests that require a gateway key.
extension CloakroomClient {
    /// Turns file references into URLs, all of them or none.
    ///
    /// - Parameters:
    ///   - ids: The references, 1 to 1,000.
    ///   - organization: The owner of the files.
    ///   - accept: The accepted media types; by default all.
    /// - Returns: A URL for each reference, and the properties of its file.
    /// - Throws: ``CloakroomError``, with the codes `FILE_NOT_FOUND` and `FILE_FORMAT_UNSUPPORTED`.
    public func resolve(
        _ ids: [FileID], of organization: OrganizationID, accept: [MediaRange]? = nil
    ) async throws(CloakroomError) -> [FileID: ResolvedFile] {
        let query = FilesQuery(
            organizationID: organization.description, fileIDs: ids.map(\.description),
            accept: accept?.map(\.description))
        let body = try await self.call(.POST, "/v1/files/resolve", body: try Self.encode(query))
        return try Self.decode(FilesResponse.self, body).resolved()
    }

    /// Replaces the file references in a model's input by URLs, all of them or none.
    ///
    /// - Parameters:
    ///   - json: The input as its user sent it, a JSON text.
    ///   - organization: The owner of the files.
    ///   - accept: The media types that are accepted at places of the input.
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
        let response = try await self.call(.POST, "/v1/inputs/resolve", body: body)
        let members = RequestDocument.members(of: Array(response.readableBytesView)[...])
        guard let input = members?.first(where: { $0.name == "input" })?.text else {
            throw .invalidResponse("the input is missing")
        }
        return ResolvedInput(json: Array(input), files: try Self.decode(FilesResponse.self, response).resolved())
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

    private struct FilesResponse: Decodable {
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
                else { throw .invalidResponse("a member of a resolved file is missing or malformed") }
                resolved[id] = ResolvedFile(
                    url: file.url, expiresAt: expiresAt, filename: filename, mediaType: mediaType, size: size,
                    sha256: sha256, pointers: (file.pointers ?? []).compactMap { JSONPointer($0) })
            }
            return resolved
        }
    }
}
