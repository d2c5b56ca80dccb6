package import CloakroomDomain

/// How a download of a sealed file is described, as its row says; kept with the open blob, so that it costs no look-up.
///
/// Every text is ready to stand in a header field: none holds a control character.
package struct Representation: Hashable, Sendable {
    /// `Content-Type`: the declared media type.
    package let contentType: String
    /// `Content-Disposition`: inline, with the file's name.
    package let contentDisposition: String
    /// When the bytes were sealed.
    package let uploadedAt: Timestamp
    /// `Last-Modified`: the same as text (RFC 9110 §8.8.2).
    package let lastModified: String

    /// Creates a description of what a row holds; a media type with a control character gives `nil`.
    package init?(contentType: String, filename: Filename, uploadedAt: Timestamp) {
        guard contentType.utf8.allSatisfy(FieldScanner.isFieldCharacter) else { return nil }
        self.contentType = contentType
        // Anything but printable ASCII is encoded there.
        self.contentDisposition = ContentDisposition(filename: filename).fieldValue
        self.uploadedAt = uploadedAt
        self.lastModified = uploadedAt.imfFixdate
    }
}
