/// What the header fields of a form's part say (RFC 7578 §4).
package struct MultipartPart: Hashable, Sendable {
    /// The name of the form's field, decoded; it can be empty.
    package let name: String
    /// The last component of the file's name, decoded; `nil` where the part has none or an empty one.
    ///
    /// It is as the client has it otherwise: it can be longer than a ``Filename``, or hold control characters.
    package let filename: String?
    /// The value of the part's `Content-Type`, as received; `nil` where it has none or an empty one.
    package let contentType: String?

    package init(name: String, filename: String?, contentType: String?) {
        self.name = name
        self.filename = filename
        self.contentType = contentType
    }
}
