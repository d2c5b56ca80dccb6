extension UploadFormError {
    /// The field of the request that is wrong: one of the form's, `Content-Type` or `body`.
    package var field: String {
        switch self {
        case .malformed(let error): error.field
        case .noFile, .secondFile, .fileUnderOtherName, .tooManyFields, .fieldTooLong: "body"
        case .noFilename: UploadForm.Field.filename.rawValue
        case .repeatedField(let field), .fieldAlsoInQuery(let field), .fieldAfterFile(let field),
            .fieldNotUTF8(let field):
            field.rawValue
        }
    }

    /// What is wrong, what was received and what is allowed; to be read after ``field``.
    package var reason: String {
        switch self {
        case .malformed(let error): error.reason
        case .noFile:
            "must have one file part, named file or content; it has none"
        case .secondFile(let name):
            "must have one file part, named file or content; it has a second one, \(MultipartError.quote(name))"
        case .fileUnderOtherName(let name):
            "must have its file in a part named file or content; \(MultipartError.quote(name)) has a filename and another name"
        case .noFilename:
            "is required: as filename of the file part, or as a field before it"
        case .repeatedField:
            "must come once; the form has it twice"
        case .fieldAlsoInQuery:
            "must come once; both the form and the URL's query have it"
        case .fieldAfterFile:
            "must come before the file part; it came after it"
        case .fieldNotUTF8:
            "must be UTF-8"
        case .fieldTooLong(let name, let maximum):
            "must have at most \(maximum) bytes in a part that is not the file, which is named file or content; \(MultipartError.quote(name)) has more"
        case .tooManyFields(let maximum):
            "must have at most \(maximum) other fields beside the file; it has more"
        }
    }
}
