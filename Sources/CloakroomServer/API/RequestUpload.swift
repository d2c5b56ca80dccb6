import CloakroomCrypto
import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `POST /v1/files/upload`: declares a file and returns a presigned URL to send its bytes to.
struct RequestUpload: Sendable {
    /// The fields, each of any type until it is checked.
    struct Input: Decodable {
        let filename: JSONValue?
        let contentType: JSONValue?
        let sizeBytes: JSONValue?
        let sha256: JSONValue?

        private enum CodingKeys: String, CodingKey {
            case filename, sha256
            case contentType = "content_type"
            case sizeBytes = "size_bytes"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            func value(_ key: CodingKeys) throws -> JSONValue? {
                container.contains(key) ? try container.decode(JSONValue.self, forKey: key) : nil
            }
            self.filename = try value(.filename)
            self.contentType = try value(.contentType)
            self.sizeBytes = try value(.sizeBytes)
            self.sha256 = try value(.sha256)
        }
    }

    let services: APIServices

    func callAsFunction(_ request: Request, _ context: APIContext) async throws -> Response {
        let access = try self.services.authenticator.authorize(.filesWrite, request, context)
        context.sendContinue(to: request)
        let declaration = try Self.decode(
            try await JSONBody.object(Input.self, request), maximumSize: self.services.policy.maximumSize)
        let now = self.services.clock.now
        let record = try await self.services.store.requestUpload(
            declaration, access: access, lifetimeSeconds: self.services.policy.lifetimeSeconds, now: now)
        return UploadTicket.response(record.id, declaration, self.services.minter, now: now)
    }

    /// Checks every field, and reports every one that is wrong.
    static func decode(
        _ body: Input, maximumSize: ByteCount
    ) throws(APIError) -> UploadDeclaration {
        var errors: [APIError.FieldError] = []
        let filename = UploadFields.filename(body.filename, &errors)
        let mediaType = UploadFields.mediaType(body.contentType, &errors)
        let size = UploadFields.size(body.sizeBytes, maximum: maximumSize, &errors)
        let digest = UploadFields.digest(body.sha256, &errors)
        if let filename, let mediaType { UploadFields.checkExtension(filename, mediaType, &errors) }
        guard errors.isEmpty, let filename, let mediaType, let size else { throw .invalid(errors) }
        return UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: digest)
    }
}

/// What a client needs to send a file's bytes.
enum UploadTicket {
    static func response(
        _ id: FileID, _ declaration: UploadDeclaration, _ minter: PresignedURL.Minter, now: Timestamp
    ) -> Response {
        let url = minter.upload(id, declaration, now: now)
        return JSONBody.response(
            .object([
                ("file_id", .string(id.description)), ("upload_url", .string(url.url.reveal())),
                ("expires_at", .string(url.expiresAt.rfc3339)), ("method", .string("PUT")),
                ("headers", .object([("Content-Type", .string(declaration.mediaType.text))])),
            ]))
    }
}
