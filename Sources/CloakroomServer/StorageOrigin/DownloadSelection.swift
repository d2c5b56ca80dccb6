import CloakroomDomain
import CloakroomStore

/// The part of a blob that a GET or HEAD selects by its range and conditional fields.
struct DownloadSelection {
    let status: HTTPStatus
    let range: Range<Int64>
    let size: ByteCount

    /// Whether it is the whole blob.
    var isWhole: Bool { self.range.count == self.size.bytes }

    private init(_ status: HTTPStatus, _ range: Range<Int64>, of size: ByteCount) {
        self.status = status
        self.range = range
        self.size = size
    }

    /// Evaluates the fields of a request; `nil` for 304.
    init?(_ request: ReceivedRequest, of blob: any OpenBlob, _ id: FileID) throws(StorageRejection) {
        let size = blob.placement.size
        self.init(.ok, 0..<size.bytes, of: size)
        guard Preconditions.fieldNames.contains(where: { request.contains($0) }) else { return }
        let validators = Preconditions.Validators(id, lastModified: blob.placement.representation.uploadedAt)
        let preconditions = Preconditions(
            ifMatch: request.joinedText(of: "if-match"), ifNoneMatch: request.joinedText(of: "if-none-match"),
            ifModifiedSince: request.joinedText(of: "if-modified-since"),
            ifUnmodifiedSince: request.joinedText(of: "if-unmodified-since"),
            ifRange: request.joinedText(of: "if-range"))
        switch preconditions.evaluate(validators) {
        case .notModified: return nil
        case .failed:
            throw StorageRejection(
                .preconditionFailed, "PreconditionFailed",
                "The ETag of the file is not in If-Match, or the file was uploaded after If-Unmodified-Since.")
        case .proceed: break
        }
        let field = preconditions.allowsRange(validators) ? request.joinedText(of: "range") : nil
        switch ByteRange(field: field, size: size) {
        case .whole: break
        case .part(let range): self = Self(.partialContent, range, of: size)
        case .unsatisfiable: throw .invalidRange(size)
        }
    }

    /// Writes the fields that depend on the selection, and the entity tag.
    func writeFields(_ id: FileID, into buffer: ResponseBuffer) {
        buffer.writeField("Content-Length", self.range.count)
        if self.status == .partialContent {
            let last = self.range.upperBound - 1
            buffer.writeField("Content-Range", "bytes \(self.range.lowerBound)-\(last)/\(self.size)")
        }
        buffer.writeEntityTag(id)
        buffer.write(literal: "Accept-Ranges: bytes\r\n")
    }
}
