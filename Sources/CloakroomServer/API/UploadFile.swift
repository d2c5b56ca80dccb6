import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird
import NIOCore

/// `POST /v1/files`: an upload in one request, the body being the bytes or a form that holds them.
struct UploadFile: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        try ContentCoding.requireIdentity(request)
        let record =
            if let boundary = try Self.boundary(request) {
                try await self.uploadForm(boundary, access, request, context)
            } else {
                try await self.uploadBody(access, request, context)
            }
        var response = JSONBody.response(FileResource.json(record), status: .created)
        response.headers[.location] = "/v1/files/\(record.id)"
        return response
    }

    /// Returns the boundary of a form, `nil` where the body is the file itself.
    private static func boundary(_ request: Request) throws(APIError) -> MultipartBoundary? {
        guard let contentType = request.headers[.contentType] else { return nil }
        do throws(MultipartError) {
            return try MultipartBoundary.read(contentType)
        } catch {
            throw .invalid(error.field, error.reason)
        }
    }

    // MARK: The body is the file

    private func uploadBody(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> FileRecord {
        var errors: [APIError.FieldError] = []
        let key = IdempotencyKey.read(request, &errors)
        let file = try NewFile(request, &errors)
        guard errors.isEmpty, let file else { throw APIError.invalid(errors) }
        let announced = try self.announcedSize(request)
        let checksums = try Self.checksums(request)
        try Self.checkPreconditions(request)
        let staged = try await self.services.storage.directUploads.begin(
            access: access, maximumSize: self.services.policy.maximumSize, announced: announced, key: key,
            checksums: checksums.checksums, algorithms: checksums.algorithms)
        context.sendContinue(to: request)
        var batch = UploadBatch()
        var iterator = request.body.makeAsyncIterator()
        while let chunk = try await JSONBody.next(&iterator) {
            batch.add(chunk)
            try await self.writeIfFull(&batch, to: staged)
        }
        let trailing = try await Self.trailingChecksums(checksums, request, context)
        return try await self.publish(staged, last: batch, trailing: trailing, file)
    }

    private func announcedSize(_ request: Request) throws(APIError) -> ByteCount? {
        guard let length = try Self.contentLength(request) else { return nil }
        let maximum = self.services.policy.maximumSize.bytes
        guard length <= maximum else { throw .payloadTooLarge(maximum) }
        guard length > 0 else { throw .invalid("body", "must have 1 to \(maximum) bytes; it has 0") }
        return ByteCount(length)
    }

    // MARK: Both

    static func contentLength(_ request: Request) throws(APIError) -> Int64? {
        guard let digits = request.headers[.contentLength] else { return nil }
        guard let length = DecimalDigits.value(of: digits.utf8) else {
            throw .invalid("Content-Length", "must be a whole number")
        }
        return Int64(length)
    }

    /// Writes a batch once it is full; the next is not asked for while it is being written.
    func writeIfFull(_ batch: inout UploadBatch, to staged: DirectUpload) async throws {
        guard batch.isFull else { return }
        try await staged.append(batch.chunks)
        batch = UploadBatch()
    }

    func publish(
        _ staged: DirectUpload, last: UploadBatch, trailing: [Checksum] = [], _ file: NewFile
    ) async throws -> FileRecord {
        try await self.services.storage.directUploads.publish(
            staged, last: last.chunks, trailing: trailing, filename: file.filename, mediaType: file.mediaType,
            declared: file.sha256, fileLifetime: file.lifetime, now: self.services.clock.now)
    }
}

/// Bytes of an upload that gather before they go to the disk.
struct UploadBatch {
    private static let fullLength = 256 * 1_024
    /// A chunk of a byte takes memory for many.
    private static let fullCount = 1_024

    /// The bytes, in their order.
    private(set) var chunks: [ByteBuffer] = []
    private var length = 0

    var isFull: Bool { self.length >= Self.fullLength || self.chunks.count >= Self.fullCount }

    mutating func add(_ chunk: ByteBuffer) {
        self.chunks.append(chunk)
        self.length += chunk.readableBytes
    }
}
