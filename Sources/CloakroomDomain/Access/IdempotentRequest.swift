public import CloakroomCrypto

/// A request that has an ``IdempotencyKey``: the same key must come with the same request.
public struct IdempotentRequest: Hashable, Sendable {
    /// What a key was used for.
    public enum Operation: String, Hashable, Sendable {
        /// A file is declared, its bytes follow.
        case requestUpload = "request upload"
        /// A file with its bytes.
        case uploadFile = "upload file"
    }

    /// The client's key.
    public let key: IdempotencyKey
    /// What tells this request from any other.
    public let fingerprint: SHA256Digest

    /// Identifies a request by what it asks for: how its JSON was written does not matter.
    public init(
        key: IdempotencyKey, operation: Operation, declaration: UploadDeclaration, fileLifetime: FileLifetime? = nil
    ) {
        self.key = key
        var parts = [
            operation.rawValue, declaration.filename.text, declaration.mediaType.text, declaration.size.description,
            declaration.sha256?.hexadecimal ?? "",
        ]
        // Only where it is said: a request without it keeps the fingerprint that it has always had.
        if let fileLifetime { parts.append("\(fileLifetime.seconds)") }
        // No part holds a line feed.
        self.fingerprint = SHA256.hash(Array(parts.joined(separator: "\n").utf8))
    }
}
