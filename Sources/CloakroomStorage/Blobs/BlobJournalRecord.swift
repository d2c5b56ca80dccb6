import CloakroomCrypto
import CloakroomDomain

/// A record of the ``BlobJournal``: a header of 128 bytes, the body, and zeros up to a multiple of 128 bytes.
///
/// | offset | bytes | |
/// |--:|--:|---|
/// | 0 | 8 | `CLKBLOB1` |
/// | 8 | 8 | the generation, as every number with its low byte first |
/// | 16 | 16 | the file's UUID |
/// | 32 | 8 | the body's length |
/// | 40 | 32 | the body's SHA-256 |
/// | 72 | 32 | the SHA-256 of the 72 bytes before |
struct BlobJournalRecord: Sendable {
    static let headerLength = 128
    private static let magic = Array("CLKBLOB1".utf8)
    private static let checkedLength = 72

    let generation: UInt64
    let id: FileID
    let digest: SHA256Digest
    let body: ArraySlice<UInt8>

    /// How many bytes the record takes.
    var length: Int { Self.length(bodyLength: self.body.count) }

    /// Returns how many bytes the record of a body takes.
    static func length(bodyLength: Int) -> Int {
        let length = self.headerLength + bodyLength
        return (length + self.headerLength - 1) / self.headerLength * self.headerLength
    }

    /// Whether some bytes begin with a whole header.
    static func isHeader(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= self.headerLength, bytes.starts(with: self.magic) else { return false }
        let sum = SHA256Digest(bytes: bytes.dropFirst(self.checkedLength).prefix(32))
        return SHA256.hash(Array(bytes.prefix(self.checkedLength))) == sum
    }

    /// Reads the record with which some bytes begin; `nil` where there is no whole one.
    init?(_ bytes: ArraySlice<UInt8>) {
        let start = bytes.startIndex
        guard Self.isHeader(bytes) else { return nil }
        let checked = Array(bytes.prefix(Self.checkedLength))
        guard let id = FileID(bytes: checked[16..<32]), let digest = SHA256Digest(bytes: checked[40..<72])
        else { return nil }
        let length = Self.number(checked[32..<40])
        guard length <= UInt64(bytes.count - Self.headerLength) else { return nil }
        let body = bytes[(start + Self.headerLength)..<(start + Self.headerLength + Int(length))]
        guard SHA256.hash(Array(body)) == digest else { return nil }
        self.generation = Self.number(checked[8..<16])
        self.id = id
        self.digest = digest
        self.body = body
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func append(_ number: UInt64, to output: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            output.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// Appends the record of a body.
    static func append(
        _ id: FileID, _ digest: SHA256Digest, _ body: UnsafeRawBufferPointer, generation: UInt64,
        to output: inout [UInt8]
    ) {
        let start = output.count
        output.reserveCapacity(start + self.length(bodyLength: body.count))
        output.append(contentsOf: self.magic)
        self.append(generation, to: &output)
        output.append(contentsOf: id.bytes)
        self.append(UInt64(body.count), to: &output)
        output.append(contentsOf: digest.bytes)
        let sum = output.withUnsafeBytes { SHA256.hash(UnsafeRawBufferPointer(rebasing: $0[start...]).bytes) }
        output.append(contentsOf: sum.bytes)
        self.pad(&output, from: start)
        output.append(contentsOf: body)
        self.pad(&output, from: start)
    }

    private static func pad(_ output: inout [UInt8], from start: Int) {
        let rest = (output.count - start) % self.headerLength
        if rest > 0 { output.append(contentsOf: repeatElement(0, count: self.headerLength - rest)) }
    }
}
