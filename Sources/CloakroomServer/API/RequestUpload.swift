import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/files/upload`: declares a file and returns a presigned URL to send its bytes to.
struct RequestUpload: Sendable {
    /// What is asked for, checked.
    struct UploadRequest: Hashable, Sendable {
        let declaration: UploadDeclaration
        let fileLifetime: FileLifetime?
        let key: IdempotencyKey?
    }

    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        context.sendContinue(to: request)
        let body = try await JSONBody.object(request)
        let wish = try Self.decode(request, body, maximumSize: self.services.policy.maximumSize)
        let now = self.services.clock.now
        let record = try await self.services.storage.uploads.request(
            wish.declaration, access: access, lifetimeSeconds: self.services.policy.lifetimeSeconds,
            fileLifetime: wish.fileLifetime, now: now, key: wish.key)
        return UploadTicket.response(record, self.services.presigner, now: now)
    }

    /// Checks every field, and reports every one that is wrong.
    static func decode(
        _ request: Request, _ body: RequestDocument, maximumSize: ByteCount
    ) throws(APIError) -> UploadRequest {
        var errors: [APIError.FieldError] = []
        let key = IdempotencyKey.read(request, &errors)
        let filename = UploadFields.filename(body.value("filename"), &errors)
        let mediaType = UploadFields.mediaType(body.value("content_type"), &errors)
        let size = UploadFields.size(body.value("size_bytes"), maximum: maximumSize, &errors)
        let digest = UploadFields.digest(body.value("sha256"), &errors)
        let fileLifetime = UploadFields.fileLifetime(body.value("expires_after_seconds"), &errors)
        if let filename, let mediaType { UploadFields.checkExtension(filename, mediaType, &errors) }
        guard errors.isEmpty, let filename, let mediaType, let size else { throw .invalid(errors) }
        return UploadRequest(
            declaration: UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: digest),
            fileLifetime: fileLifetime, key: key)
    }
}

/// What a client needs to send a file's bytes.
enum UploadTicket {
    static func response(_ record: FileRecord, _ presigner: PresignedURL.Presigner, now: Timestamp) -> Response {
        let url = presigner.upload(record, now: now)
        return JSONBody.response(
            .object([
                ("file_id", .string(record.id.description)), ("upload_url", .string(url.url.reveal())),
                ("expires_at", .string(url.expiresAt.rfc3339)), ("method", .string("PUT")),
                ("headers", .object([("Content-Type", .string(record.declaration.mediaType.text))])),
            ]))
    }
}
