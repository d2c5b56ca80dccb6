extension UploadForm {
    /// A field that declares the file.
    package enum Field: String, Hashable, Sendable, CaseIterable {
        /// The file's name.
        case filename
        /// The file's media type.
        case contentType = "content_type"
        /// The digest of the file's bytes.
        case sha256
        /// How long the file is kept.
        case expiresAfterSeconds = "expires_after_seconds"
    }

    /// What a form says about the file that follows.
    package struct Declaration: Hashable, Sendable {
        /// The file's name: the field's, else the last component of the part's.
        package let filename: String
        /// The file's media type: the field's, else the part's; `nil` where neither is given.
        package let contentType: String?
        /// The field `sha256`.
        package let sha256: String?
        /// The field `expires_after_seconds`.
        package let expiresAfterSeconds: String?

        package init(filename: String, contentType: String?, sha256: String?, expiresAfterSeconds: String?) {
            self.filename = filename
            self.contentType = contentType
            self.sha256 = sha256
            self.expiresAfterSeconds = expiresAfterSeconds
        }
    }

    /// What the form has next.
    package enum Event: Hashable, Sendable {
        /// The file's bytes follow; comes once, before them. They can be none.
        case file(Declaration)
        /// Bytes of the file: these offsets of the chunk, never empty.
        case bytes(Range<Int>)
        /// Bytes of the file that came with earlier chunks and could have been a delimiter.
        case heldBytes([UInt8])
        /// The form is complete; what follows it is ignored.
        case ended
    }
}
