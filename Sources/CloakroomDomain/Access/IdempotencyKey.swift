public import CloakroomCrypto

/// A client's name for one request, by which its repetitions are recognised
/// (draft-ietf-httpapi-idempotency-key-header).
public struct IdempotencyKey: Hashable, Sendable {
    /// The rule, for messages.
    public static let rule = "1 to 255 printable ASCII characters"
    /// For how long repetitions are recognised, in seconds.
    public static let lifetimeSeconds: Int64 = 86_400

    /// The key.
    public let text: String

    /// Reads a key.
    ///
    /// - Parameter text: By the ``rule``; anything else gives `nil`.
    public init?(_ text: String) {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return nil
        }
        self.text = text
    }
}

/// A request that has an ``IdempotencyKey``: the same key must come with the same request.
public struct IdempotentRequest: Hashable, Sendable {
    /// The route that a key was used on.
    public enum Route: String, Hashable, Sendable {
        /// A file is declared, its bytes follow.
        case requestUpload = "POST /v1/files/upload"
        /// A file with its bytes.
        case uploadFile = "POST /v1/files"
    }

    /// The client's key.
    public let key: IdempotencyKey
    /// What tells this request from any other.
    public let fingerprint: SHA256Digest

    /// Identifies a request by what it asks for: how its JSON was written does not matter.
    ///
    /// - Parameters:
    ///   - key: The client's key.
    ///   - route: The route.
    ///   - declaration: What is asked for.
    public init(key: IdempotencyKey, route: Route, declaration: UploadDeclaration) {
        self.key = key
        let parts = [
            route.rawValue, declaration.filename.text, declaration.mediaType.text, declaration.size.description,
            declaration.sha256?.hexadecimal ?? "",
        ]
        // No part holds a line feed.
        self.fingerprint = SHA256.hash(Array(parts.joined(separator: "\n").utf8))
    }
}
