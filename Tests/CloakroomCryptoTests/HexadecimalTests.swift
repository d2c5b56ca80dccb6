import CloakroomCrypto
import Testing

/// Base 16 against RFC 4648 §10 and Python's bytes.hex and bytes.fromhex.
struct HexadecimalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let bytes: [UInt8]
        let digits: String

        var testDescription: String { self.digits }
    }

    static let examples: [Case] = [
        Case(bytes: [], digits: ""),
        Case(bytes: Array("f".utf8), digits: "66"),
        Case(bytes: Array("fo".utf8), digits: "666f"),
        Case(bytes: Array("foobar".utf8), digits: "666f6f626172"),
        Case(bytes: [0x00, 0x09, 0x0A, 0x0F, 0x10, 0x7F, 0x80, 0xFF], digits: "00090a0f107f80ff"),
    ]

    @Test(arguments: Self.examples)
    func writesLowerCase(_ example: Case) {
        let digits = Hexadecimal.encode(example.bytes)
        #expect(digits == example.digits)
    }

    @Test(arguments: Self.examples)
    func readsEitherCase(_ example: Case) {
        let lower = Hexadecimal.decode(example.digits.utf8)
        let upper = Hexadecimal.decode(example.digits.uppercased().utf8)
        #expect(lower == example.bytes)
        #expect(upper == example.bytes)
    }

    @Test(arguments: [
        "0", "000", "0g", "g0", "/0", ":0", "@0", "G0", "`0", " 0", "0 ", "+1", "-1", "0x", "\u{FF10}0", "é",
    ])
    func anythingElseIsRefused(digits: String) {
        let bytes = Hexadecimal.decode(digits.utf8)
        #expect(bytes == nil)
    }

    /// int(chr(byte), 16) in Python, for the ASCII digits.
    @Test(arguments: UInt8.min...UInt8.max)
    func onlyTheTwentyTwoDigitsHaveAValue(byte: UInt8) {
        let values: [Character: UInt8] = [
            "0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "9": 9, "a": 10, "b": 11, "c": 12,
            "d": 13, "e": 14, "f": 15, "A": 10, "B": 11, "C": 12, "D": 13, "E": 14, "F": 15,
        ]
        let value = Hexadecimal.value(of: byte)
        #expect(value == values[Character(Unicode.Scalar(byte))])
    }
}
