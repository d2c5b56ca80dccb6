import CloakroomDomain
import HTTPTypes
import Hummingbird

/// What the fields of an upload ask for beside its length and type.
extension UploadFile {
    private static let transferEncoding = HTTPField.Name("Transfer-Encoding")

    /// Reads the checksums that a request announces of its body.
    static func checksums(_ request: Request) throws(APIError) -> AnnouncedChecksums {
        do throws(ChecksumError) {
            return try AnnouncedChecksums(Self.relevant(request.headers), isChunked: Self.isChunked(request))
        } catch {
            throw APIError(error)
        }
    }

    /// Reads the checksums in the trailers, once the body has been read.
    static func trailingChecksums(
        _ announced: AnnouncedChecksums, _ request: Request, _ context: APIContext
    ) async throws -> [Checksum] {
        guard Self.isChunked(request) else { return [] }
        let trailers = Self.relevant(try await context.trailers())
        do throws(ChecksumError) {
            return try announced.checksums(inTrailers: trailers)
        } catch {
            throw APIError(error)
        }
    }

    private static func isChunked(_ request: Request) -> Bool {
        // The guard before the framework has let no other coding pass.
        Self.transferEncoding.map { request.headers.contains($0) } ?? false
    }

    private static func relevant(_ fields: HTTPFields) -> AnnouncedChecksums.Fields {
        fields.lazy.map { ($0.name.canonicalName, $0.value) }.filter { AnnouncedChecksums.isRelevant($0.0) }
    }

    /// Checks that the request is for a whole file, and evaluates its conditions: the file is new, so it has neither an
    /// entity tag nor a date.
    static func checkPreconditions(_ request: Request) throws(APIError) {
        if let received = request.headers[.contentRange] {
            throw .invalid(
                "Content-Range", "must not be sent, as a file is uploaded as a whole; it is \"\(received.excerpt)\"")
        }
        let preconditions = Preconditions(
            ifMatch: request.headers[.ifMatch], ifNoneMatch: nil, ifModifiedSince: nil,
            ifUnmodifiedSince: request.headers[.ifUnmodifiedSince], ifRange: nil)
        guard preconditions.failedField(uploading: nil, uploadedAt: nil) == nil else {
            throw .preconditionFailed("If-Match is false: the request creates a new file, which has no ETag yet.")
        }
    }
}
