import CloakroomCrypto
import CloakroomDomain
import Testing

/// API keys; the checksums are those of Python's zlib.crc32, the digest that of hashlib.sha256.
struct APIKeyTests {
    // bytes(range(32)).hex()
    private static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    // "%08x" % zlib.crc32(digits.encode())
    private static let checksum = "f0a8f587"
    private static let key = "sk_\(Self.digits)\(Self.checksum)"

    @Test(arguments: [
        Self.key,
        // "f" * 64
        "sk_ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff29055fdb",
        // bytes(range(224, 256)).hex()
        "sk_e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff45a43543",
    ])
    func keyWithItsChecksumIsRead(text: String) throws {
        let key = try #require(APIKey(text))
        #expect(key.reveal() == text)
        #expect(key.visiblePrefix == String(text.prefix(11)))
    }

    static let rejected: [String] = [
        "", "sk_", "sk_\(Self.digits)", "sk_\(Self.digits)f0a8f586", "sk_\(Self.digits)00000000",
        "sk_\(Self.digits)F0A8F587", "sk_\(Self.digits.uppercased())\(Self.checksum)", "SK_\(Self.digits)f0a8f587",
        "\(Self.digits)\(Self.checksum)", "pk_\(Self.digits)\(Self.checksum)", "\(Self.key)0", " \(Self.key)",
        "\(Self.key) ", "\(Self.key)\n", "sk_\(Self.digits.dropLast())g\(Self.checksum)",
        "sk_\(Self.digits.dropFirst())\(Self.checksum)", "sk_1\(Self.digits.dropFirst())\(Self.checksum)",
        "sk_\(Self.digits)87f5a8f0", "sk_\(Self.digits)é8f587", "Bearer \(Self.key)",
    ]

    @Test(arguments: Self.rejected)
    func anythingElseIsRefused(text: String) {
        let key = APIKey(text)
        #expect(key == nil)
    }

    // hashlib.sha256(key.encode())
    @Test
    func digestIsThatOfTheWholeKey() throws {
        let key = try #require(APIKey(Self.key))
        let digest = key.digest.hexadecimal
        #expect(digest == "3758fc61a9d44ff9110536105302c463836ac85c493edb4273967084679172ae")
    }

    @Test
    func generatedKeysAreValidAndDiffer() throws {
        let keys = try (0..<100).map { _ in try APIKey.generate().reveal() }
        for key in keys {
            let read = APIKey(key)
            #expect(read != nil)
            #expect(key.count == 75)
        }
        #expect(Set(keys).count == keys.count)
    }

    @Test
    func keyIsNotPrinted() throws {
        let key = try #require(APIKey(Self.key))
        #expect(!"\(key)".contains(Self.digits))
        #expect(!String(reflecting: key).contains(Self.digits))
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains(Self.digits))
    }

    @Test(arguments: ["key_0123456789abcdef", "key_0000000000000000"])
    func keyIDIsRead(text: String) {
        let id = APIKeyID(text)
        #expect(id?.description == text)
    }

    @Test(arguments: [
        "", "key_", "0123456789abcdef", "key_0123456789abcde", "key_0123456789abcdef0", "key_0123456789ABCDEF",
        "KEY_0123456789abcdef", "key_0123456789abcdeg", "key_0123456789abcde ", "key_0123456789abcdef\n",
    ])
    func keyIDIsRefused(text: String) {
        let id = APIKeyID(text)
        #expect(id == nil)
    }
}
