import CloakroomCrypto
import Testing

/// The codes against their published check values, zlib and crcmod.
struct CyclicRedundancyCheckTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let algorithm: CyclicRedundancyCheck.Algorithm
        let message: [UInt8]
        let value: UInt64

        init(_ name: String, _ algorithm: CyclicRedundancyCheck.Algorithm, _ message: [UInt8], _ value: UInt64) {
            self.name = name
            self.algorithm = algorithm
            self.message = message
            self.value = value
        }

        var testDescription: String { self.name }
    }

    private static let digits = Array("123456789".utf8)
    private static let zeros32 = [UInt8](repeating: 0, count: 32)
    private static let ones32 = [UInt8](repeating: 0xFF, count: 32)
    private static let zeros = [UInt8](repeating: 0, count: 4_096)
    private static let ones = [UInt8](repeating: 0xFF, count: 4_096)
    private static let increments: [UInt8] = Array(0..<32)
    private static let decrements: [UInt8] = Array(Self.increments.reversed())
    // bytes(i * 7 & 255 for i in range(1000))
    private static let pattern = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }

    static let examples: [Case] = [
        // The check values of the "Catalogue of parametrised CRC algorithms".
        Case("CRC-32 of the nine digits", .crc32, Self.digits, 0xCBF4_3926),
        Case("CRC-32C of the nine digits", .crc32c, Self.digits, 0xE306_9283),
        Case("CRC-64/NVME of the nine digits", .crc64nvme, Self.digits, 0xAE8B_1486_0A79_9888),
        Case("CRC-32 of nothing", .crc32, [], 0),
        Case("CRC-32C of nothing", .crc32c, [], 0),
        Case("CRC-64/NVME of nothing", .crc64nvme, [], 0),
        // zlib.crc32(b"a"), zlib.crc32(pattern)
        Case("CRC-32 of one byte", .crc32, [UInt8(ascii: "a")], 0xE8B7_BE43),
        Case("CRC-32 of the pattern", .crc32, Self.pattern, 0x114A_D5FF),
        // RFC 3720 §B.4, whose examples are written with the least significant byte first.
        Case("CRC-32C, RFC 3720: 32 zeros", .crc32c, Self.zeros32, 0x8A91_36AA),
        Case("CRC-32C, RFC 3720: 32 ones", .crc32c, Self.ones32, 0x62A8_AB43),
        Case("CRC-32C, RFC 3720: incrementing", .crc32c, Self.increments, 0x46DD_794E),
        Case("CRC-32C, RFC 3720: decrementing", .crc32c, Self.decrements, 0x113F_DB5C),
        // crcmod.predefined.mkCrcFun("crc-32c")(pattern)
        Case("CRC-32C of the pattern", .crc32c, Self.pattern, 0x79A1_6AE6),
        // NVM Express NVM Command Set 1.0d §5.2.1.3.5
        Case("CRC-64/NVME: 4 KiB of zeros", .crc64nvme, Self.zeros, 0x6482_D367_EB22_B64E),
        Case("CRC-64/NVME: 4 KiB of ones", .crc64nvme, Self.ones, 0xC0DD_BA73_02EC_A3AC),
        // crcmod.mkCrcFun(0x1ad93d23594c93659, initCrc=0, rev=True, xorOut=2**64 - 1)(pattern)
        Case("CRC-64/NVME of the pattern", .crc64nvme, Self.pattern, 0x9A9A_1592_2194_C6CA),
    ]

    @Test(arguments: Self.examples)
    func checksTheExamples(_ example: Case) {
        let message = example.message
        var check = CyclicRedundancyCheck(example.algorithm)
        check.update(message.span.bytes)
        let value = check.value
        #expect(value == example.value)
    }

    /// Eight bytes go at a step, so every remainder before and after a cut counts.
    @Test(arguments: CyclicRedundancyCheck.Algorithm.allCases, 0...40)
    func cutAnywhereGivesTheCodeOfTheWhole(algorithm: CyclicRedundancyCheck.Algorithm, cut: Int) throws {
        let longest = Self.examples.last { $0.algorithm == algorithm }
        let example = try #require(longest)
        let (head, tail) = (Array(example.message[..<cut]), Array(example.message[cut...]))
        var check = CyclicRedundancyCheck(algorithm)
        check.update(head.span.bytes)
        check.update(tail.span.bytes)
        let value = check.value
        #expect(value == example.value)
    }

    @Test(arguments: CyclicRedundancyCheck.Algorithm.allCases, [1, 2, 3, 5, 7, 8, 9, 13, 64])
    func oddPiecesGiveTheCodeOfTheWhole(algorithm: CyclicRedundancyCheck.Algorithm, length: Int) throws {
        let longest = Self.examples.last { $0.algorithm == algorithm }
        let example = try #require(longest)
        var check = CyclicRedundancyCheck(algorithm)
        for start in stride(from: 0, to: example.message.count, by: length) {
            let piece = Array(example.message[start..<min(start + length, example.message.count)])
            check.update(piece.span.bytes)
        }
        let value = check.value
        #expect(value == example.value)
    }

    /// S3's headers carry the code with its most significant byte first.
    @Test
    func bytesAreBigEndian() {
        let message = Self.digits
        var crc32 = CyclicRedundancyCheck(.crc32)
        var crc64 = CyclicRedundancyCheck(.crc64nvme)
        crc32.update(message.span.bytes)
        crc64.update(message.span.bytes)
        let (short, long) = (crc32.bytes, crc64.bytes)
        #expect(short == [0xCB, 0xF4, 0x39, 0x26])
        #expect(long == [0xAE, 0x8B, 0x14, 0x86, 0x0A, 0x79, 0x98, 0x88])
    }
}
