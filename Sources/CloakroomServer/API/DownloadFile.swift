import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// `GET /v1/files/{id}/download`: a presigned URL, a redirection to it, or the bytes themselves.
struct DownloadFile: Sendable {
    /// Bytes of a piece that is read and sent.
    private static let pieceLength: Int64 = 256 * 1_024

    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        let redirects = try Self.redirects(try QueryItems(request))
        let now = self.services.clock.now
        let record = try await self.services.storage.files.findReady(id, access: access, now: now)
        let expiresAt = now.advanced(bySeconds: self.services.policy.lifetimeSeconds)
        guard let grant = DownloadGrant(record, access: access, expiresAt: expiresAt) else {
            throw APIError.fileNotFound
        }
        if redirects { return self.redirection(record, now: now) }
        if AcceptField(request.headers[values: .accept]).prefersJSON { return self.presignedURL(record, now: now) }
        return try await self.bytes(grant, record, request, context, now: now)
    }

    private static func redirects(_ items: QueryItems) throws(APIError) -> Bool {
        switch items["redirect"] {
        case nil, "false": return false
        case "true": return true
        case .some(let other): throw .invalid("redirect", "must be true or false; it is \"\(other.excerpt)\"")
        }
    }

    private func redirection(_ record: FileRecord, now: Timestamp) -> Response {
        let url = self.services.presigner.download(record, now: now)
        return Response(
            status: .temporaryRedirect, headers: [.location: url.url.reveal(), .cacheControl: "no-store"])
    }

    private func presignedURL(_ record: FileRecord, now: Timestamp) -> Response {
        let url = self.services.presigner.download(record, now: now)
        return JSONBody.response(
            .object([
                ("url", .string(url.url.reveal())), ("expires_at", .string(url.expiresAt.rfc3339)),
                ("content_type", .string(record.declaration.mediaType.text)),
                ("size_bytes", .integer(record.declaration.size.bytes)),
            ]))
    }

    // MARK: Bytes

    private func bytes(
        _ grant: DownloadGrant, _ record: FileRecord, _ request: Request, _ context: APIContext, now: Timestamp
    ) async throws -> Response {
        let reader = try await self.services.storage.downloads.reader(grant, now: now)
        // Whatever is said of a small body is said once its bytes are known to be right.
        try await reader.prepare()
        let validators = Preconditions.Validators(record.id, lastModified: reader.lastModified)
        let preconditions = Preconditions(
            ifMatch: request.headers[.ifMatch], ifNoneMatch: request.headers[.ifNoneMatch],
            ifModifiedSince: request.headers[.ifModifiedSince],
            ifUnmodifiedSince: request.headers[.ifUnmodifiedSince], ifRange: request.headers[.ifRange])
        var headers = Self.headers(record, validators)
        switch preconditions.evaluate(validators) {
        case .notModified: return Self.notModified(headers)
        case .failed:
            throw APIError.preconditionFailed(
                "The ETag of the file is not in If-Match, or the file was uploaded after If-Unmodified-Since.")
        case .proceed: break
        }
        let field = preconditions.allowsRange(validators) ? request.headers[.range] : nil
        var (status, range) = (HTTPResponse.Status.ok, 0..<reader.size.bytes)
        switch ByteRange(field: field, size: reader.size) {
        case .whole: break
        case .unsatisfiable: throw APIError.rangeNotSatisfiable(reader.size)
        case .part(let part):
            (status, range) = (.partialContent, part)
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(reader.size)"
        }
        headers[.contentLength] = "\(range.count)"
        if request.method == .head { return Response(status: status, headers: headers) }
        return Response(status: status, headers: headers, body: Self.body(reader, range, context))
    }

    private static func headers(_ record: FileRecord, _ validators: Preconditions.Validators) -> HTTPFields {
        let type = record.declaration.mediaType.text
        let disposition = ContentDisposition(filename: record.declaration.filename).fieldValue
        var headers: HTTPFields = [
            .contentType: type, .eTag: validators.entityTag, .lastModified: validators.lastModified.imfFixdate,
            .acceptRanges: "bytes",
            .cacheControl: "private, no-cache", .vary: "Accept, Authorization",
            .contentSecurityPolicy: "default-src 'none'; sandbox",
        ]
        headers[.contentDisposition] = ContentKind(contentType: type).disposition(disposition)
        return headers
    }

    /// A 304 says nothing of the bytes (RFC 9110 §15.4.5), but has the policy for what a browser has kept of them.
    private static func notModified(_ headers: HTTPFields) -> Response {
        var headers = headers
        for name in [HTTPField.Name.contentType, .contentDisposition, .acceptRanges] { headers[name] = nil }
        return Response(status: .notModified, headers: headers)
    }

    private static func body(_ reader: BlobReader, _ range: Range<Int64>, _ context: APIContext) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let end = min(range.upperBound, offset + Self.pieceLength)
                try await writer.write(try await Self.read(reader, offset..<end, context))
                offset = end
            }
            try await writer.finish(nil)
        }
    }

    /// A failure in the middle cannot be answered any more: the connection ends, and the log says why.
    private static func read(
        _ reader: BlobReader, _ range: Range<Int64>, _ context: APIContext
    ) async throws(StorageError) -> ByteBuffer {
        do throws(StorageError) {
            return try await reader.read(range)
        } catch {
            context.logger.error(
                "Download interrupted", metadata: ["request.id": "\(context.requestID)", "error.reason": "\(error)"])
            throw error
        }
    }
}
