import CloakroomCrypto
import CloakroomDomain
import HTTPTypes
import Hummingbird

/// What an upload in one request says of its file, checked.
struct NewFile: Sendable {
    let filename: Filename
    let mediaType: CloakroomDomain.MediaType
    let sha256: SHA256Digest?
    let lifetime: FileLifetime?

    /// Reads the query and the head of a request whose body is the file; what is wrong is added to a list.
    ///
    /// A `content_type` in the query, which counts for a form, would be a second type beside `Content-Type`.
    init?(_ request: Request, _ errors: inout [APIError.FieldError]) throws(APIError) {
        let items = try QueryItems(request)
        if items["content_type"] != nil {
            errors.add(
                "content_type",
                "must not be in the query of a body that is the file; its type is the header field Content-Type")
        }
        self.init(
            filename: items["filename"], contentType: request.headers[.contentType], sha256: items["sha256"],
            expiresAfterSeconds: items["expires_after_seconds"], &errors)
    }

    /// Reads what a form says of its file; what is wrong is added to a list.
    ///
    /// A file without a type has the usual one of its extension, else `application/octet-stream`: Python's `requests`
    /// sends none.
    init?(_ form: UploadForm.Declaration, _ errors: inout [APIError.FieldError]) {
        let guessed = (try? Filename(form.filename)).flatMap { FileExtension.mediaType(of: $0) } ?? .octetStream
        self.init(
            filename: form.filename, contentType: form.contentType ?? guessed.text, sha256: form.sha256,
            expiresAfterSeconds: form.expiresAfterSeconds, &errors)
    }

    private init?(
        filename: String?, contentType: String?, sha256: String?, expiresAfterSeconds: String?,
        _ errors: inout [APIError.FieldError]
    ) {
        let filename = UploadFields.filename(filename.map { .string($0) }, &errors)
        let mediaType = UploadFields.mediaType(contentType.map { .string($0) }, &errors)
        let digest = UploadFields.digest(sha256.map { .string($0) }, &errors)
        let lifetime = UploadFields.fileLifetime(query: expiresAfterSeconds, &errors)
        if let mediaType, !Self.isForm(mediaType, &errors), let filename {
            UploadFields.checkExtension(filename, mediaType, &errors)
        }
        guard errors.isEmpty, let filename, let mediaType else { return nil }
        self.filename = filename
        self.mediaType = mediaType
        self.sha256 = digest
        self.lifetime = lifetime
    }

    /// Whether a type is the one that clients send by default with `-d` or `data=`, which describes no file: an error.
    private static func isForm(_ mediaType: CloakroomDomain.MediaType, _ errors: inout [APIError.FieldError]) -> Bool {
        guard mediaType.essence == "application/x-www-form-urlencoded" else { return false }
        errors.add(
            "content_type",
            "is application/x-www-form-urlencoded, which clients send by default; set the header field Content-Type to the file's media type, or send a form of the type multipart/form-data"
        )
        return true
    }
}
