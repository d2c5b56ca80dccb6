/// The fuzz targets, each with what has to hold for any bytes.
///
/// libFuzzer runs them on bytes that it makes, the tests on the corpora that are kept.
package enum FuzzCheck: String, CaseIterable, Sendable {
    /// `Range` fields: the size and a line feed, then the field.
    case byteRange = "ByteRange"
    /// A request's head, verified with a key that did not sign it.
    case canonicalRequest = "CanonicalRequest"
    /// Base 16, base 64 and the fields that announce digests: a field's value.
    case checksum = "Checksum"
    /// `Content-Disposition` and percent-encoding: a filename.
    case contentDisposition = "ContentDisposition"
    /// File ids, filenames and URLs: a text.
    case identifiers = "Identifiers"
    /// A request's body with an `input`: JSON.
    case inputDocument = "InputDocument"
    /// Media types and ranges: a text.
    case mediaType = "MediaType"
    /// Forms that upload a file: the value of `Content-Type` and a line feed, then the body.
    case multipartForm = "MultipartForm"
    /// A presigned URL and one change to it: see ``Tampering``.
    case presignedURL = "PresignedURL"
    /// A query.
    case queryParameters = "QueryParameters"

    /// Runs the check.
    ///
    /// - Parameter bytes: Any bytes.
    /// - Throws: ``Violation`` of the first rule that is broken.
    package func callAsFunction(_ bytes: [UInt8]) throws(Violation) {
        switch self {
        case .byteRange: try ByteRangeCheck.run(bytes)
        case .canonicalRequest: try CanonicalRequestCheck.run(bytes)
        case .checksum: try ChecksumCheck.run(bytes)
        case .contentDisposition: try ContentDispositionCheck.run(bytes)
        case .identifiers: try IdentifiersCheck.run(bytes)
        case .inputDocument: try InputDocumentCheck.run(bytes)
        case .mediaType: try MediaTypeCheck.run(bytes)
        case .multipartForm: try MultipartFormCheck.run(bytes)
        case .presignedURL: try PresignedURLCheck.run(bytes)
        case .queryParameters: try QueryParametersCheck.run(bytes)
        }
    }
}
