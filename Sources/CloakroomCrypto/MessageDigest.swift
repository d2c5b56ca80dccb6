internal import CLibcrypto

/// An incremental digest by one of the algorithms that HTTP's integrity fields name.
///
/// SHA-256 has a type of its own, ``SHA256``; this one serves the checksums a client may choose to send.
public final class MessageDigest {
    /// The algorithms.
    public enum Algorithm: Sendable {
        /// MD5 (RFC 1321), for `Content-MD5`: an integrity check, never a proof of origin.
        case md5
        /// SHA-1 (FIPS 180-4), for `x-amz-checksum-sha1`: an integrity check, never a proof of origin.
        case sha1
        /// SHA-512 (FIPS 180-4), for `Content-Digest`.
        case sha512
    }

    /// libcrypto's implementations, fetched once: OpenSSL 3 looks a name up on every implicit fetch.
    ///
    /// `nonisolated(unsafe)`: `OpaquePointer`s are not `Sendable`, but these are set once and point to immutable objects
    /// that are never freed, so any thread may use them.
    private nonisolated(unsafe) static let implementations = (
        md5: EVP_MD_fetch(nil, "MD5", nil), sha1: EVP_MD_fetch(nil, "SHA1", nil),
        sha512: EVP_MD_fetch(nil, "SHA512", nil)
    )

    private let context: OpaquePointer

    /// Creates a computation that has seen no bytes; an algorithm that libcrypto does not offer, as MD5 under a FIPS
    /// provider, gives `nil`.
    public init?(_ algorithm: Algorithm) {
        let implementation =
            switch algorithm {
            case .md5: Self.implementations.md5
            case .sha1: Self.implementations.sha1
            case .sha512: Self.implementations.sha512
            }
        guard let implementation, let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex2(context, implementation, nil) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(self.context)
    }

    /// Appends bytes, of any number, to the message.
    public func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { buffer in
            _ = EVP_DigestUpdate(self.context, buffer.baseAddress, buffer.count)
        }
    }

    /// Ends the computation and returns its digest; call it once.
    public func finalize() -> [UInt8] {
        var length: UInt32 = 0
        // EVP_MAX_MD_SIZE is 64, the size of the largest digest above.
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        EVP_DigestFinal_ex(self.context, &digest, &length)
        return Array(digest.prefix(Int(length)))
    }
}
