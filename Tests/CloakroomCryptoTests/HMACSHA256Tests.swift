import CloakroomCrypto
import Testing

/// HMAC-SHA-256 against RFC 4231 §4 and Python's hmac.
struct HMACSHA256Tests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let key: [UInt8]
        let message: [UInt8]
        /// The tag, or as much of it as the RFC prints.
        let tag: String

        init(_ name: String, key: [UInt8], _ message: [UInt8], tag: String) {
            self.name = name
            self.key = key
            self.message = message
            self.tag = tag
        }

        var testDescription: String { self.name }
    }

    private static func repeated(_ byte: UInt8, _ count: Int) -> [UInt8] { [UInt8](repeating: byte, count: count) }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let oneTo25: [UInt8] = Array(1...25)
    private static let longMessage = """
        This is a test using a larger than block-size key and a larger than block-size data. \
        The key needs to be hashed before being used by the HMAC algorithm.
        """

    static let examples: [Case] = [
        Case(
            "RFC 4231 §4.2", key: Self.repeated(0x0b, 20), Self.bytes("Hi There"),
            tag: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Case(
            "RFC 4231 §4.3, a short key", key: Self.bytes("Jefe"), Self.bytes("what do ya want for nothing?"),
            tag: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Case(
            "RFC 4231 §4.4", key: Self.repeated(0xaa, 20), Self.repeated(0xdd, 50),
            tag: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Case(
            "RFC 4231 §4.5", key: Self.oneTo25, Self.repeated(0xcd, 50),
            tag: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Case(
            "RFC 4231 §4.6, 128 bits", key: Self.repeated(0x0c, 20), Self.bytes("Test With Truncation"),
            tag: "a3b6167473100ee06e0c796c2955552b"),
        Case(
            "RFC 4231 §4.7, a key longer than a block", key: Self.repeated(0xaa, 131),
            Self.bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
            tag: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Case(
            "RFC 4231 §4.8, key and message longer than a block", key: Self.repeated(0xaa, 131),
            Self.bytes(Self.longMessage),
            tag: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        // hmac.new(b"k" * n, b"message", hashlib.sha256)
        Case(
            "no key", key: [], Self.bytes("message"),
            tag: "eb08c1f56d5ddee07f7bdf80468083da06b64cf4fac64fe3a90883df5feacae4"),
        Case(
            "a key of exactly a block", key: Self.repeated(0x6B, 64), Self.bytes("message"),
            tag: "890f3a16e0ca0aaa3bf180f70fa8e3970b3fd6505e98fde157988dcc19d1685c"),
        Case(
            "a key of a block and a byte", key: Self.repeated(0x6B, 65), Self.bytes("message"),
            tag: "0c256505306af48015530c139bb7add5ad7a6a9291cd511278a067e765816fbd"),
    ]

    @Test(arguments: Self.examples)
    func authenticatesTheExamples(_ example: Case) {
        let code = HMACSHA256(key: example.key).authenticationCode(for: example.message).hexadecimal
        #expect(String(code.prefix(example.tag.count)) == example.tag)
    }

    @Test
    func preparedKeyServesManyMessages() {
        let code = HMACSHA256(key: Self.bytes("Jefe"))
        let message = Self.bytes("what do ya want for nothing?")
        let first = code.authenticationCode(for: message)
        let other = code.authenticationCode(for: Self.bytes("what do ya want"))
        let again = code.authenticationCode(for: message)
        #expect(first == again)
        #expect(first != other)
    }

    // hmac.new(hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).digest(), b"message", hashlib.sha256)
    @Test
    func tagServesAsAKey() {
        let tag = HMACSHA256(key: Self.bytes("Jefe"))
            .authenticationCode(for: Self.bytes("what do ya want for nothing?"))
        let code = HMACSHA256(key: tag).authenticationCode(for: Self.bytes("message"))
        #expect(code.hexadecimal == "9d9c86ececd619b1b54f5af83353e471ed0fc860891826465f9cfbd78a2e917e")
    }
}
