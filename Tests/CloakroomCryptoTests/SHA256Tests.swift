import CloakroomCrypto
import Testing

/// SHA-256 against the example messages of FIPS 180-4 (NIST, "Examples with Intermediate Values") and Python's hashlib.
struct SHA256Tests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let message: [UInt8]
        let digest: String

        var testDescription: String { self.name }
    }

    static let examples: [Case] = [
        // hashlib.sha256(b"")
        Case(
            name: "no bytes", message: [],
            digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        // NIST, one block.
        Case(
            name: "24 bits", message: Array("abc".utf8),
            digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        // NIST, two blocks: the padding does not fit into the first.
        Case(
            name: "448 bits", message: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        // NIST, long message.
        Case(
            name: "a million a", message: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            digest: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    // bytes(i * 7 & 255 for i in range(1000)), and hashlib.sha256 of it.
    private static let pattern = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    private static let patternDigest = "89f4ff56a25dd1db06a4ce6033603775d705fb96f30f8693733fef602a1ca532"

    @Test(arguments: Self.examples)
    func digestsTheExamples(_ example: Case) {
        let digest = SHA256.hash(example.message)
        #expect(digest.hexadecimal == example.digest)
    }

    /// Around the 55 bytes after which the padding takes a block of its own, and the block's 64.
    @Test(arguments: [1, 3, 55, 56, 63, 64, 65, 127, 128, 999, 1_000])
    func piecesGiveTheDigestOfTheWhole(length: Int) {
        var hasher = SHA256()
        for start in stride(from: 0, to: Self.pattern.count, by: length) {
            let piece = Array(Self.pattern[start..<min(start + length, Self.pattern.count)])
            hasher.update(piece.span.bytes)
        }
        let digest = hasher.digest()
        #expect(digest.hexadecimal == Self.patternDigest)
    }

    @Test
    func emptyPiecesChangeNothing() {
        let nothing: [UInt8] = []
        let message = Array("abc".utf8)
        var hasher = SHA256()
        hasher.update(nothing.span.bytes)
        hasher.update(message.span.bytes)
        hasher.update(nothing.span.bytes)
        let digest = hasher.digest()
        #expect(digest.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test
    func copyGoesItsOwnWay() {
        let (start, rest) = (Array("ab".utf8), Array("c".utf8))
        var original = SHA256()
        original.update(start.span.bytes)
        var copy = original
        copy.update(rest.span.bytes)
        let (originalDigest, copyDigest) = (original.digest(), copy.digest())
        // hashlib.sha256(b"ab"), and NIST's "abc".
        #expect(originalDigest.hexadecimal == "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603")
        #expect(copyDigest.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test
    func computationGoesOnAfterADigest() {
        let (start, rest) = (Array("ab".utf8), Array("c".utf8))
        var hasher = SHA256()
        hasher.update(start.span.bytes)
        let (first, again) = (hasher.digest(), hasher.digest())
        hasher.update(rest.span.bytes)
        let whole = hasher.digest()
        #expect(first == again)
        #expect(whole.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
