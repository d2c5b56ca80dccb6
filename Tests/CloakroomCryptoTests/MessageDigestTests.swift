import CloakroomCrypto
import Testing

/// The checksums' digests against RFC 1321 §A.5, FIPS 180-4's examples and Python's hashlib.
struct MessageDigestTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let algorithm: MessageDigest.Algorithm
        let message: String
        let digest: String

        init(_ name: String, _ algorithm: MessageDigest.Algorithm, _ message: String, _ digest: String) {
            self.name = name
            self.algorithm = algorithm
            self.message = message
            self.digest = digest
        }

        var testDescription: String { self.name }
    }

    static let examples: [Case] = [
        Case("MD5, RFC 1321: nothing", .md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
        Case("MD5, RFC 1321: abc", .md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
        Case("MD5, RFC 1321: message digest", .md5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        // hashlib.sha1(b"")
        Case("SHA-1: nothing", .sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        Case("SHA-1, NIST: 24 bits", .sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        Case(
            "SHA-1, NIST: 448 bits", .sha1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        Case(
            "SHA-512, NIST: 24 bits", .sha512, "abc",
            """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """),
        Case(
            "SHA-512, NIST: 896 bits", .sha512,
            """
            abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno\
            ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu
            """,
            """
            8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018\
            501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909
            """),
    ]

    @Test(arguments: Self.examples)
    func digestsTheExamples(_ example: Case) throws {
        let message = Array(example.message.utf8)
        let computation = try #require(MessageDigest(example.algorithm))
        computation.update(message.span.bytes)
        let digest = Hexadecimal.encode(computation.finalize())
        #expect(digest == example.digest)
    }

    @Test(arguments: Self.examples)
    func piecesGiveTheDigestOfTheWhole(_ example: Case) throws {
        let computation = try #require(MessageDigest(example.algorithm))
        for byte in example.message.utf8 {
            let piece = [byte]
            computation.update(piece.span.bytes)
        }
        let digest = Hexadecimal.encode(computation.finalize())
        #expect(digest == example.digest)
    }

    @Test
    func computationsAreIndependent() throws {
        let (first, second) = (Array("abc".utf8), Array("message digest".utf8))
        let left = try #require(MessageDigest(.md5))
        let right = try #require(MessageDigest(.md5))
        left.update(first.span.bytes)
        right.update(second.span.bytes)
        let (leftDigest, rightDigest) = (left.finalize(), right.finalize())
        #expect(Hexadecimal.encode(leftDigest) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(Hexadecimal.encode(rightDigest) == "f96b697d7cb7938d525a2f31aaf161d0")
    }
}
