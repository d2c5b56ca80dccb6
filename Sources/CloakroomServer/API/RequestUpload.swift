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
        let expiresAfterSeconds: JSONValue?

        private enum CodingKeys: String, CodingKey {
            case filename, sha256
            case contentType = "content_type"
            case sizeBytes = "size_bytes"
            case expiresAfterSeconds = "expires_after_seconds"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.filename = try container.value(JSONValue.self, .filename)
            self.contentType = try container.value(JSONValue.self, .contentType)
            self.sizeBytes = try container.value(JSONValue.self, .sizeBytes)
            self.sha256 = try container.value(JSONValue.self, .sha256)
            self.expiresAfterSeconds = try container.value(JSONValue.self, .expiresAfterSeconds)
        }
    }

    /// What is asked for, checked.
    struct Wish: Hashable, Sendable {
        let declaration: UploadDeclaration
        let fileLifetime: FileLifetime?
        let key: IdempotencyKey?
    }

    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        context.sendContinue(to: request)
        let input = try await JSONBody.object(Input.self, request)
        let wish = try Self.decode(request, input, maximumSize: self.services.policy.maximumSize)
        let now = self.services.clock.now
        let record = try await self.services.store.requestUpload(
            wish.declaration, access: access, lifetimeSeconds: self.services.policy.lifetimeSeconds,
            fileLifetime: wish.fileLifetime, now: now, key: wish.key)
        return UploadTicket.response(record, self.services.minter, now: now)
    }

    /// Checks every field, and reports every one that is wrong.
    static func decode(
        _ request: Request, _ body: Input, maximumSize: ByteCount
    ) throws(APIError) -> Wish {
        var errors: [APIError.FieldError] = []
        let key = IdempotencyKey.read(request, &errors)
        let filename = UploadFields.filename(body.filename, &errors)
        let mediaType = UploadFields.mediaType(body.contentType, &errors)
        let size = UploadFields.size(body.sizeBytes, maximum: maximumSize, &errors)
        let digest = UploadFields.digest(body.sha256, &errors)
        let fileLifetime = UploadFields.fileLifetime(body.expiresAfterSeconds, &errors)
        if let filename, let mediaType { UploadFields.checkExtension(filename, mediaType, &errors) }
        guard errors.isEmpty, let filename, let mediaType, let size else { throw .invalid(errors) }
        return Wish(
            declaration: UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: digest),
            fileLifetime: fileLifetime, key: key)
    }
}

/// What a client needs to send a file's bytes.
enum UploadTicket {
    static func response(_ record: FileRecord, _ minter: PresignedURL.Minter, now: Timestamp) -> Response {
        let url = minter.upload(record, now: now)
        return JSONBody.response(
            .object([
                ("file_id", .string(record.id.description)), ("upload_url", .string(url.url.reveal())),
                ("expires_at", .string(url.expiresAt.rfc3339)), ("method", .string("PUT")),
                ("headers", .object([("Content-Type", .string(record.declaration.mediaType.text))])),
            ]))
    }
}
