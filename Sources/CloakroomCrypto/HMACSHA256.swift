/// HMAC-SHA-256 under one key (RFC 2104, FIPS 198-1), with the key's two blocks hashed once.
///
/// Holding the state after the padded key blocks halves the work of a short message. The value is as secret as the key.
public struct HMACSHA256: Sendable, CustomStringConvertible, CustomReflectable {
    private static let blockSize = 64
    private let inner: SHA256
    private let outer: SHA256

    /// Prepares a key of any length; one longer than a block is hashed first (RFC 2104 §2).
    public init(key: RawSpan) {
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        if key.byteCount > Self.blockSize {
            let digest = SHA256.hash(key).bytes
            block.replaceSubrange(0..<digest.count, with: digest)
        } else {
            key.withUnsafeBytes { block.replaceSubrange(0..<$0.count, with: $0) }
        }
        var inner = SHA256()
        var outer = SHA256()
        let innerBlock = block.map { $0 ^ 0x36 }
        let outerBlock = block.map { $0 ^ 0x5c }
        inner.update(innerBlock.span.bytes)
        outer.update(outerBlock.span.bytes)
        self.inner = inner
        self.outer = outer
    }

    /// Prepares a key of any length.
    public init(key: [UInt8]) {
        self.init(key: key.span.bytes)
    }

    /// Prepares a key that is itself a tag, as in SigV4's derivation.
    public init(key: SHA256Digest) {
        self = key.withBytes { HMACSHA256(key: $0) }
    }

    /// Returns the authentication tag of one whole message.
    public func authenticationCode(for message: RawSpan) -> SHA256Digest {
        var inner = self.inner
        inner.update(message)
        var outer = self.outer
        inner.digest().withBytes { outer.update($0) }
        return outer.digest()
    }

    /// Returns the authentication tag of one whole message.
    public func authenticationCode(for message: [UInt8]) -> SHA256Digest {
        self.authenticationCode(for: message.span.bytes)
    }

    /// `<redacted>`.
    public var description: String { "<redacted>" }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
