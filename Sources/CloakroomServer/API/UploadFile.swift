import CloakroomDomain
import CloakroomStorage
import HTTPTypes
import Hummingbird
import NIOCore

/// `POST /v1/files?filename=…`: an upload in one request, the body being the bytes.
struct UploadFile: Sendable {
    /// Bytes that gather before they go to the disk.
    private static let batchLength = 256 * 1_024

    /// What is asked for besides the bytes, checked.
    private struct Wish {
        let filename: Filename
        let mediaType: CloakroomDomain.MediaType
        let fileLifetime: FileLifetime?
        let key: IdempotencyKey?
    }

    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let wish = try Self.decode(request)
        let staged = try self.services.store.stageNew(
            access: access, maximumSize: self.services.policy.maximumSize, announced: try self.announcedLength(request),
            key: wish.key, checksums: try Self.checksums(request))
        context.sendContinue(to: request)
        let last = try await self.receive(request.body, into: staged)
        let record = try await self.services.store.sealNew(
            staged, last: last, filename: wish.filename, mediaType: wish.mediaType, access: access,
            fileLifetime: wish.fileLifetime, now: self.services.clock.now, key: wish.key)
        var response = JSONBody.response(FileResource.json(record), status: .created)
        response.headers[.location] = "/v1/files/\(record.id)"
        return response
    }

    private static func decode(_ request: Request) throws(APIError) -> Wish {
        var errors: [APIError.FieldError] = []
        let items = QueryItems(request.uri.query)
        let filename = UploadFields.filename(items["filename"].map { .string($0) }, &errors)
        let type = request.headers[.contentType]
        let mediaType = UploadFields.mediaType(type.map { .string($0) }, &errors)
        let fileLifetime = UploadFields.fileLifetime(query: items["expires_after_seconds"], &errors)
        let key = IdempotencyKey.read(request, &errors)
        if let filename, let mediaType { UploadFields.checkExtension(filename, mediaType, &errors) }
        guard errors.isEmpty, let filename, let mediaType else { throw .invalid(errors) }
        return Wish(filename: filename, mediaType: mediaType, fileLifetime: fileLifetime, key: key)
    }

    private func announcedLength(_ request: Request) throws(APIError) -> ByteCount? {
        guard let digits = request.headers[.contentLength] else { return nil }
        let maximum = self.services.policy.maximumSize.bytes
        guard let length = DecimalDigits.value(of: digits.utf8) else {
            throw .invalid("Content-Length", "must be a whole number")
        }
        guard length <= maximum else { throw .payloadTooLarge(maximum) }
        guard length > 0 else { throw .invalid("body", "must have 1 to \(maximum) bytes; it has 0") }
        return ByteCount(Int64(length))
    }

    private static func checksums(_ request: Request) throws(APIError) -> [Checksum] {
        do throws(Checksum.Malformed) {
            return try Checksum.read { name in HTTPField.Name(name).flatMap { request.headers[$0] } }
        } catch {
            throw .invalid(error.field, "is not a digest of its algorithm")
        }
    }

    /// Writes the body batch by batch; the next is not asked for while one is being written.
    private func receive(_ body: RequestBody, into staged: StagedBlob) async throws -> [ByteBuffer] {
        var batch: [ByteBuffer] = []
        var length = 0
        var iterator = body.makeAsyncIterator()
        while let chunk = try await JSONBody.next(&iterator) {
            batch.append(chunk)
            length += chunk.readableBytes
            guard length >= Self.batchLength else { continue }
            try await self.services.store.append(batch, to: staged)
            batch = []
            length = 0
        }
        return batch
    }
}
