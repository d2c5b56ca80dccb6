import CloakroomDomain
import CloakroomStore
import Hummingbird
import NIOCore

/// Forms: `curl -F file=@photo.png`, `requests.post(…, files=…)`, `FormData` (RFC 7578).
///
/// The form is read as it arrives, and only the file's bytes go on to the disk. Nothing is sealed before the closing
/// delimiter has arrived.
extension UploadFile {
    /// How much longer than the largest file a form may be.
    private static let spareLength: Int64 = 64 * 1_024
    private static let coversForm = "covers the whole form; use the form field sha256 for the file"

    func uploadForm(
        _ boundary: MultipartBoundary, _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> FileRecord {
        var errors: [APIError.FieldError] = []
        let key = IdempotencyKey.read(request, &errors)
        let checksums = try Self.checksums(request)
        Self.checkDigests(checksums, &errors)
        guard errors.isEmpty else { throw APIError.invalid(errors) }
        try Self.checkPreconditions(request)
        let staged = try await self.services.storage.directUploads.begin(
            access: access, maximumSize: self.services.policy.maximumSize, announced: try self.leastSize(request),
            key: key, checksums: [])
        context.sendContinue(to: request)
        var form = FormBody(UploadForm(boundary: boundary, query: try Self.fields(of: request)))
        var batch = UploadBatch()
        var iterator = request.body.makeAsyncIterator()
        var length: Int64 = 0
        while let chunk = try await JSONBody.next(&iterator) {
            length += Int64(chunk.readableBytes)
            guard length <= self.longestForm else {
                throw APIError.payloadTooLarge(self.services.policy.maximumSize.bytes)
            }
            for bytes in try form.read(chunk) { batch.add(bytes) }
            try await self.writeIfFull(&batch, to: staged)
        }
        let file = try form.finish()
        if let checksum = try await Self.trailingChecksums(checksums, request, context).first {
            throw APIError.invalid(checksum.field, Self.coversForm)
        }
        return try await self.publish(staged, last: batch, file)
    }

    private var longestForm: Int64 { self.services.policy.maximumSize.bytes + Self.spareLength }

    /// Returns the fewest bytes that the file of a form can have, by the announced length of the form.
    private func leastSize(_ request: Request) throws(APIError) -> ByteCount? {
        guard let length = try Self.contentLength(request) else { return nil }
        guard length <= self.longestForm else { throw .payloadTooLarge(self.services.policy.maximumSize.bytes) }
        return ByteCount(max(1, length - Self.spareLength))
    }

    private static func fields(of request: Request) throws(APIError) -> [UploadForm.Field: String] {
        let items = try QueryItems(request)
        let values = UploadForm.Field.allCases.compactMap { field in items[field.rawValue].map { (field, $0) } }
        return Dictionary(uniqueKeysWithValues: values)
    }

    /// Rejects digests in the head, and trailers with digests: they are of the form, not of the file in it.
    private static func checkDigests(
        _ announced: AnnouncedChecksums, _ errors: inout [APIError.FieldError]
    ) {
        for field in Set(announced.checksums.map(\.field)).union(announced.trailers).sorted() {
            errors.add(field, Self.coversForm)
        }
    }
}

/// A form as it arrives: what it declares, and the bytes of its file.
private struct FormBody {
    private var form: UploadForm
    private var file: NewFile?

    init(_ form: UploadForm) {
        self.form = form
    }

    /// Reads a chunk of the body, and returns the bytes of the file in it.
    mutating func read(_ chunk: ByteBuffer) throws(APIError) -> [ByteBuffer] {
        var bytes: [ByteBuffer] = []
        var offset = 0
        while let event = try self.next(in: chunk, from: &offset) {
            switch event {
            case .file(let declaration): self.file = try Self.check(declaration)
            case .bytes(let range):
                let start = chunk.readerIndex + range.lowerBound
                if let slice = chunk.getSlice(at: start, length: range.count) { bytes.append(slice) }
            case .heldBytes(let held): bytes.append(ByteBuffer(bytes: held))
            case .ended: break
            }
        }
        return bytes
    }

    /// Ends the form and returns what it says of its file.
    func finish() throws(APIError) -> NewFile {
        do throws(UploadFormError) {
            try self.form.finish()
            guard let file = self.file else { throw .noFile }
            return file
        } catch {
            throw .invalid(error.field, error.reason)
        }
    }

    private mutating func next(in chunk: ByteBuffer, from offset: inout Int) throws(APIError) -> UploadForm.Event? {
        do throws(UploadFormError) {
            return try self.form.next(in: chunk.readableBytesSpan, from: &offset)
        } catch {
            throw .invalid(error.field, error.reason)
        }
    }

    private static func check(_ declaration: UploadForm.Declaration) throws(APIError) -> NewFile {
        var errors: [APIError.FieldError] = []
        guard let file = NewFile(declaration, &errors) else { throw .invalid(errors) }
        return file
    }
}
