import CloakroomCrypto
import Testing

/// Reading, writing and comparing digests; the example is NIST's digest of "abc".
struct SHA256DigestTests {
    private static let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    /// bytes.fromhex(text), in Python.
    private static let bytes: [UInt8] = [
        186, 120, 22, 191, 143, 1, 207, 234, 65, 65, 64, 222, 93, 174, 34, 35, 176, 3, 97, 163, 150, 23, 122, 156,
        180, 16, 255, 97, 242, 0, 21, 173,
    ]

    @Test(arguments: [Self.text, Self.text.uppercased()])
    func digitsOfEitherCaseAreRead(text: String) throws {
        let digest = try #require(SHA256Digest(hexadecimal: text))
        #expect(digest.bytes == Self.bytes)
        #expect(digest.hexadecimal == Self.text)
    }

    @Test func digestPrintsAsDigits() throws {
        let digest = try #require(SHA256Digest(bytes: Self.bytes))
        #expect("\(digest)" == Self.text)
        // What a debugger and a failed test show.
        #expect(String(reflecting: digest) == Self.text)
    }

    private static let digits62 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015"

    static let malformed: [String] = [
        "", "ba", Self.digits62, "\(Self.digits62)a", "\(Self.text)0", "\(Self.text)00", "\(Self.digits62)ag",
        "\(Self.digits62)a ", " \(Self.digits62)a", "0x\(Self.digits62)", "-\(Self.digits62)a",
        String(repeating: "\u{FF10}", count: 64), String(repeating: "é", count: 32),
    ]

    @Test(arguments: Self.malformed)
    func anythingBut64DigitsIsRefused(text: String) {
        let digest = SHA256Digest(hexadecimal: text)
        #expect(digest == nil)
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func anythingBut32BytesIsRefused(count: Int) {
        let digest = SHA256Digest(bytes: [UInt8](repeating: 1, count: count))
        #expect(digest == nil)
    }

    @Test
    func bytesAreReadInOrder() throws {
        let digest = try #require(SHA256Digest(bytes: Self.bytes))
        #expect(digest.hexadecimal == Self.text)
    }

    @Test
    func equalDigestsAreEqualByEitherComparison() throws {
        let left = try #require(SHA256Digest(bytes: Self.bytes))
        let right = try #require(SHA256Digest(hexadecimal: Self.text))
        let isEqual = left.isEqualInConstantTime(to: right)
        #expect(isEqual)
        #expect(left == right)
        #expect(Set([left, right]).count == 1)
    }

    @Test(arguments: 0..<256)
    func oneBitAnywhereMakesADifference(bit: Int) throws {
        var changed = Self.bytes
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        let left = try #require(SHA256Digest(bytes: Self.bytes))
        let right = try #require(SHA256Digest(bytes: changed))
        let isEqual = left.isEqualInConstantTime(to: right)
        #expect(!isEqual)
        #expect(left != right)
    }

    /// The same bit in two words must not cancel out.
    @Test(arguments: [8, 16, 24])
    func sameChangeInTwoWordsMakesADifference(offset: Int) throws {
        var changed = Self.bytes
        changed[0] ^= 1
        changed[offset] ^= 1
        let left = try #require(SHA256Digest(bytes: Self.bytes))
        let right = try #require(SHA256Digest(bytes: changed))
        let isEqual = left.isEqualInConstantTime(to: right)
        #expect(!isEqual)
    }
}
