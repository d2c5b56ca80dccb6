import CloakroomCrypto
import Testing

/// Base 64 against RFC 4648 §10 and Python's base64.
struct Base64Tests {
    struct Case: CustomTestStringConvertible, Sendable {
        let bytes: [UInt8]
        let standard: String
        let urlSafe: String

        var testDescription: String { self.standard }
    }

    static let examples: [Case] = [
        Case(bytes: [], standard: "", urlSafe: ""),
        Case(bytes: Array("f".utf8), standard: "Zg==", urlSafe: "Zg"),
        Case(bytes: Array("fo".utf8), standard: "Zm8=", urlSafe: "Zm8"),
        Case(bytes: Array("foo".utf8), standard: "Zm9v", urlSafe: "Zm9v"),
        Case(bytes: Array("foob".utf8), standard: "Zm9vYg==", urlSafe: "Zm9vYg"),
        Case(bytes: Array("fooba".utf8), standard: "Zm9vYmE=", urlSafe: "Zm9vYmE"),
        Case(bytes: Array("foobar".utf8), standard: "Zm9vYmFy", urlSafe: "Zm9vYmFy"),
        // base64.b64encode and base64.urlsafe_b64encode(…).rstrip(b"=")
        Case(bytes: [0xFB, 0xFF, 0xFE], standard: "+//+", urlSafe: "-__-"),
        Case(bytes: [0xFB, 0xFF], standard: "+/8=", urlSafe: "-_8"),
        Case(bytes: Array(240...255), standard: "8PHy8/T19vf4+fr7/P3+/w==", urlSafe: "8PHy8_T19vf4-fr7_P3-_w"),
    ]

    @Test(arguments: Self.examples)
    func writesTheExamples(_ example: Case) {
        let standard = Base64.encode(example.bytes)
        let urlSafe = Base64.encode(example.bytes, alphabet: .urlSafe)
        #expect(standard == example.standard)
        #expect(urlSafe == example.urlSafe)
    }

    @Test(arguments: Self.examples)
    func readsTheExamples(_ example: Case) {
        let standard = Base64.decode(example.standard)
        let urlSafe = Base64.decode(example.urlSafe, alphabet: .urlSafe)
        #expect(standard == example.bytes)
        #expect(urlSafe == example.bytes)
    }

    /// Missing, superfluous and misplaced padding (RFC 4648 §3.2), bits left over (§3.5), other characters (§3.3).
    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Z===", "=", "==", "====", "Zm9v====", "Zm9vY", "Zg==Zg==", "Z=g=", "=Zg=", "Zh==",
        "Zm9=", "-__-", "Zm9v\n", "Zm9v\r\n", " Zm9v", "Zm9v ", "Zm 9v", "Zm9v\u{0}", "Zm9é", "Zm9.", "Zm9*",
    ])
    func anythingButTheCanonicalFormIsRefused(text: String) {
        let bytes = Base64.decode(text)
        #expect(bytes == nil)
    }

    @Test(arguments: ["Z", "Zg==", "Zg=", "=", "Zh", "Zm9", "+//+", "Zm9v ", "Zm9v\n", "Zm9vYg="])
    func urlSafeFormIsAsStrict(text: String) {
        let bytes = Base64.decode(text, alphabet: .urlSafe)
        #expect(bytes == nil)
    }
}
