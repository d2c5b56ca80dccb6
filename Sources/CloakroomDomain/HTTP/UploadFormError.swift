/// Why a form uploads no file; ``field`` and ``reason`` say it to people.
package enum UploadFormError: Error, Hashable, Sendable {
    /// The body is not a form.
    case malformed(MultipartError)
    /// No part is named `file` or `content`.
    case noFile
    /// A second part is named `file` or `content`.
    case secondFile(name: String)
    /// A part that has a filename has another name than a file part.
    case fileUnderOtherName(name: String)
    /// Neither the file part nor a field gives the file's name.
    case noFilename
    /// A field comes twice.
    case repeatedField(UploadForm.Field)
    /// A field is also in the URL's query.
    case fieldAlsoInQuery(UploadForm.Field)
    /// A field comes after the file.
    case fieldAfterFile(UploadForm.Field)
    /// A field's value is not UTF-8.
    case fieldNotUTF8(UploadForm.Field)
    /// A field's value has more bytes than this.
    case fieldTooLong(name: String, maximum: Int)
    /// There are more fields to ignore than this.
    case tooManyFields(maximum: Int)
}
