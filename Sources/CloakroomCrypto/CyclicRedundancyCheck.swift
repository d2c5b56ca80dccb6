/// A reflected cyclic redundancy check, eight bytes at a step ("slicing by eight").
///
/// An error-detecting code, not a cryptographic one: it finds accidents, not forgeries.
public struct CyclicRedundancyCheck: Sendable {
    /// The codes that S3's checksum headers and the API keys name.
    public enum Algorithm: Sendable, CaseIterable {
        /// CRC-32 as in zlib, PNG and Ethernet (ISO/IEC 3309).
        case crc32
        /// CRC-32C, Castagnoli's (RFC 3720 §12.1).
        case crc32c
        /// CRC-64/NVME (NVM Express NVM Command Set 1.0d §5.2.1.3.4).
        case crc64nvme

        /// The number of bytes in the code.
        public var byteCount: Int {
            switch self {
            case .crc32, .crc32c: 4
            case .crc64nvme: 8
            }
        }

        /// The generator polynomial, bit-reversed.
        fileprivate var polynomial: UInt64 {
            switch self {
            case .crc32: 0xEDB8_8320
            case .crc32c: 0x82F6_3B78
            case .crc64nvme: 0x9A6C_9329_AC4B_C9B5
            }
        }
    }

    private static let crc32Table = Self.makeTable(.crc32)
    private static let crc32cTable = Self.makeTable(.crc32c)
    private static let crc64nvmeTable = Self.makeTable(.crc64nvme)

    private let algorithm: Algorithm
    private let table: [UInt64]
    private var state: UInt64

    /// Creates a check that has seen no bytes.
    public init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        self.state = algorithm.byteCount == 8 ? .max : UInt64(UInt32.max)
        self.table =
            switch algorithm {
            case .crc32: Self.crc32Table
            case .crc32c: Self.crc32cTable
            case .crc64nvme: Self.crc64nvmeTable
            }
    }

    /// Appends bytes, of any number, to the message.
    public mutating func update(_ bytes: RawSpan) {
        var state = self.state
        var offset = 0
        let table = self.table
        while offset + 8 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let mixed = UInt64(littleEndian: word) ^ state
            state = 0
            for index in 0..<8 {
                let byte = Int(truncatingIfNeeded: mixed >> (8 * UInt64(index))) & 0xFF
                state ^= table[(7 - index) * 256 + byte]
            }
            offset += 8
        }
        while offset < bytes.byteCount {
            let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            state = table[Int(truncatingIfNeeded: state ^ UInt64(byte)) & 0xFF] ^ (state >> 8)
            offset += 1
        }
        self.state = state
    }

    /// The code of everything appended so far, as a number.
    public var value: UInt64 {
        self.algorithm.byteCount == 8 ? ~self.state : UInt64(~UInt32(truncatingIfNeeded: self.state))
    }

    /// The code of everything appended so far, as big-endian bytes, the order of S3's headers.
    public var bytes: [UInt8] {
        (0..<self.algorithm.byteCount).reversed().map { UInt8(truncatingIfNeeded: self.value >> (8 * UInt64($0))) }
    }

    /// Table `k` holds, for each byte, the code of that byte followed by `k` zero bytes.
    private static func makeTable(_ algorithm: Algorithm) -> [UInt64] {
        var table = [UInt64](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var code = UInt64(byte)
            for _ in 0..<8 {
                code = code & 1 == 1 ? (code >> 1) ^ algorithm.polynomial : code >> 1
            }
            table[byte] = code
        }
        for slice in 1..<8 {
            for byte in 0..<256 {
                let previous = table[(slice - 1) * 256 + byte]
                table[slice * 256 + byte] = table[Int(previous & 0xFF)] ^ (previous >> 8)
            }
        }
        return table
    }
}
