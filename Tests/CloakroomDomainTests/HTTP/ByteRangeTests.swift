import CloakroomDomain
import Testing

/// `Range` fields against RFC 9110 §14.1.2 and §14.2.
struct ByteRangeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let field: String?
        let range: ByteRange

        init(_ field: String?, _ range: ByteRange) {
            self.field = field
            self.range = range
        }

        var testDescription: String { self.field ?? "no field" }
    }

    /// Of a representation of 10,000 bytes, as in the RFC's examples.
    static let selections: [Case] = [
        // The RFC's examples: the first and second 500 bytes, the final 500 in both ways, the first and last byte.
        Case("bytes=0-499", .part(0..<500)),
        Case("bytes=500-999", .part(500..<1_000)),
        Case("bytes=-500", .part(9_500..<10_000)),
        Case("bytes=9500-", .part(9_500..<10_000)),
        Case("bytes=0-0", .part(0..<1)),
        Case("bytes=-1", .part(9_999..<10_000)),
        // A last position past the end is the end; a suffix longer than the whole is the whole.
        Case("bytes=9500-10000", .part(9_500..<10_000)),
        Case("bytes=0-", .part(0..<10_000)),
        Case("bytes=9999-9999", .part(9_999..<10_000)),
        Case("bytes=-10000", .part(0..<10_000)),
        Case("bytes=-20000", .part(0..<10_000)),
        Case("bytes=00000000000000000000001-2", .part(1..<3)),
        Case("bytes=-99999999999999999999", .part(0..<10_000)),
        Case("bytes=0-99999999999999999999", .part(0..<10_000)),
        // The unit is a token without regard to case (RFC 9110 §14.1).
        Case("Bytes=0-0", .part(0..<1)),
        // Nothing of the representation.
        Case("bytes=10000-", .unsatisfiable),
        Case("bytes=10000-10001", .unsatisfiable),
        Case("bytes=99999999999999999999-", .unsatisfiable),
        Case("bytes=-0", .unsatisfiable),
    ]

    /// What a server may ignore: other units, several ranges, and what is no range.
    static let ignored: [Case] = [
        Case(nil, .whole),
        Case("", .whole),
        Case("bytes", .whole),
        Case("bytes=", .whole),
        Case("bytes=-", .whole),
        Case("bytes=5", .whole),
        Case("bytes=5-4", .whole),
        Case("bytes=a-b", .whole),
        Case("bytes=0-b", .whole),
        Case("bytes=0x0-1", .whole),
        Case("bytes=+0-1", .whole),
        Case("bytes=--1", .whole),
        Case("bytes=0--1", .whole),
        Case("bytes=0-1-2", .whole),
        Case("bytes=1.0-2", .whole),
        Case("bytes =0-1", .whole),
        Case("bytes:0-1", .whole),
        Case("items=0-1", .whole),
        Case("0-1", .whole),
        Case("bytes=0-0,-1", .whole),
        Case("bytes=500-600,601-999", .whole),
        Case("bytes=\u{FF10}-1", .whole),
    ]

    @Test(arguments: Self.selections + Self.ignored)
    func fieldSelectsBytes(_ example: Case) {
        let range = ByteRange(field: example.field, size: ByteCount(inMemory: 10_000))
        #expect(range == example.range)
    }

    /// The largest numbers that 64 bits hold, one less and one more.
    @Test(arguments: ["9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551616"])
    func numbersAtTheEdgeOf64BitsAreNumbers(number: String) {
        let size = ByteCount(inMemory: 10_000)
        let (last, first) = (
            ByteRange(field: "bytes=0-\(number)", size: size), ByteRange(field: "bytes=\(number)-", size: size)
        )
        let suffix = ByteRange(field: "bytes=-\(number)", size: size)
        #expect(last == ByteRange.part(0..<10_000))
        #expect(first == ByteRange.unsatisfiable)
        #expect(suffix == ByteRange.part(0..<10_000))
    }

    @Test
    func oneByteHasOneRange() {
        let size = ByteCount(inMemory: 1)
        for field in ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-2", "bytes=0-1"] {
            let range = ByteRange(field: field, size: size)
            #expect(range == ByteRange.part(0..<1))
        }
        let after = ByteRange(field: "bytes=1-", size: size)
        #expect(after == ByteRange.unsatisfiable)
    }
}
