import CloakroomCrypto
import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `POST /v1/files/upload`: declares a file and returns a presigned URL to send its bytes to.
struct RequestUpload: Sendable {
    let services: APIServices

    func callAsFunction(_ request: Request, _ context: APIContext) async throws -> Response {
        let access = try self.services.authenticator.authorize(.filesWrite, request, context)
        context.sendContinue(to: request)
        let declaration = try Self.decode(
            try await JSONBody.object(request), maximumSize: self.services.policy.maximumSize)
        let now = self.services.clock.now
        let record = try await self.services.store.requestUpload(
            declaration, access: access, lifetimeSeconds: self.services.policy.lifetimeSeconds, now: now)
        let url = self.services.minter.upload(record.id, declaration, now: now)
        return JSONBody.response(
            .object([
                ("file_id", .string(record.id.description)), ("upload_url", .string(url.url.reveal())),
                ("expires_at", .string(url.expiresAt.rfc3339)), ("method", .string("PUT")),
                ("headers", .object([("Content-Type", .string(declaration.mediaType.text))])),
            ]))
    }

    /// Checks every field, and reports every one that is wrong.
    static func decode(
        _ body: [String: JSONValue], maximumSize: ByteCount
    ) throws(APIError) -> UploadDeclaration {
        var errors: [APIError.FieldError] = []
        let filename = UploadFields.filename(body["filename"], &errors)
        let mediaType = UploadFields.mediaType(body["content_type"], &errors)
        let size = UploadFields.size(body["size_bytes"], maximum: maximumSize, &errors)
        let digest = UploadFields.digest(body["sha256"], &errors)
        if let filename, let mediaType { UploadFields.checkExtension(filename, mediaType, &errors) }
        guard errors.isEmpty, let filename, let mediaType, let size else { throw .invalid(errors) }
        return UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: digest)
    }
}
