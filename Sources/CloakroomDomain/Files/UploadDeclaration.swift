public import CloakroomCrypto

/// What a client says of a file before it sends the bytes; the bytes are held to it.
public struct UploadDeclaration: Hashable, Sendable {
    /// The name, for display and downloads.
    public let filename: Filename
    /// The media type the bytes must be announced with.
    public let mediaType: MediaType
    /// The exact number of bytes.
    public let size: ByteCount
    /// The digest the bytes must have, where the client said.
    public let sha256: SHA256Digest?

    /// Creates a declaration of parts that are each valid.
    public init(filename: Filename, mediaType: MediaType, size: ByteCount, sha256: SHA256Digest?) {
        self.filename = filename
        self.mediaType = mediaType
        self.size = size
        self.sha256 = sha256
    }
}
