internal import CLibcrypto

/// An incremental SHA-256 computation (FIPS 180-4 §6.2).
///
/// A value: copying one copies the state reached so far, without an allocation. That is what lets a keyed HMAC state be
/// computed once and used for every request.
public struct SHA256: Sendable {
    private var context: SHA256_CTX

    /// Creates a computation that has seen no bytes.
    public init() {
        self.context = SHA256_CTX()
        SHA256_Init(&self.context)
    }

    /// Appends bytes, of any number, to the message.
    public mutating func update(_ bytes: RawSpan) {
        // The pointer lives for the call only, and libcrypto reads exactly `count` bytes from it.
        bytes.withUnsafeBytes { buffer in
            _ = SHA256_Update(&self.context, buffer.baseAddress, buffer.count)
        }
    }

    /// Returns the digest of everything appended so far; the computation itself can go on.
    public func digest() -> SHA256Digest {
        var finished = self.context
        return SHA256Digest { buffer in
            // `buffer` has 32 bytes, SHA256_DIGEST_LENGTH.
            _ = SHA256_Final(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &finished)
        }
    }

    /// Returns the digest of one whole message.
    public static func hash(_ bytes: RawSpan) -> SHA256Digest {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.digest()
    }

    /// Returns the digest of one whole message.
    public static func hash(_ bytes: [UInt8]) -> SHA256Digest {
        self.hash(bytes.span.bytes)
    }
}
