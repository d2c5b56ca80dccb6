import CloakroomSystem

/// How far SQLite's write-ahead log can be read.
///
/// The format is SQLite's (https://www.sqlite.org/fileformat2.html#the_write_ahead_log): a header of 32 bytes, then
/// frames of a header of 24 bytes and a page. A frame counts only where its salts are those of the WAL's header and its
/// checksum, which goes on from the frame before, is right; SQLite ignores the first frame that is wrong and all behind
/// it, without a word.
package struct WALContent: Hashable, Sendable {
    /// The salts of a WAL: the first one grows by 1 whenever the WAL begins anew.
    package struct Salts: Hashable, Sendable {
        let first: UInt32
        let second: UInt32
    }

    static let headerLength = 32
    static let frameHeaderLength = 24
    /// SQLite's default, which the catalogue has, in bytes.
    private static let standardPageLength = 4_096
    /// How much is read at a time, in bytes.
    private static let readLength = 1_024 * 1_024

    /// The WAL's salts; `nil` where its header is missing or damaged.
    private(set) var salts: Salts?
    /// The length of the file, in bytes.
    let length: Int64
    /// How many frames there are up to the last that ends a transaction: those that SQLite uses.
    private(set) var committedFrames = 0
    /// The frame that was asked for, if it can be read.
    private(set) var marked: MarkedFrame?
    /// The last frame whose salts are those that were asked for, whether SQLite uses it or not.
    private(set) var lastFrame = 0

    /// A frame by the page that it holds.
    package struct MarkedFrame: Hashable, Sendable {
        /// From 1 on.
        let page: UInt32
        /// The sums over the page's bytes but its checksum's, as little-endian words: that is noted as the page gets into the
        /// database.
        let sum: WALSum
    }

    /// A log of which there is nothing.
    static let empty = WALContent(length: 0)

    private init(length: Int64) {
        self.length = length
    }

    /// Describes a WAL of which only so much is known.
    init(salts: Salts?, committedFrames: Int, marked: MarkedFrame? = nil, lastFrame: Int? = nil) {
        self.init(length: 0)
        self.marked = marked
        self.lastFrame = lastFrame ?? committedFrames
        self.salts = salts
        self.committedFrames = committedFrames
    }

    /// Reads a WAL, and notes a frame of interest; frames with `salts` are counted also where SQLite cannot use them.
    init(_ file: OpenFile, marking number: Int? = nil, salts: Salts? = nil) throws(SystemCallError) {
        self.init(length: try file.descriptor.status().size)
        let header = try file.descriptor.read(count: Self.headerLength, at: 0)
        let parsed = WALHeader(header)
        self.salts = parsed?.salts
        let frameLength = Self.frameHeaderLength + (parsed?.pageLength ?? Self.standardPageLength)
        let framesAtOnce = max(1, Self.readLength / frameLength)
        var (sum, count, offset) = (parsed?.sum ?? WALSum(), 0, Int64(Self.headerLength))
        var isUsed = parsed != nil
        while true {
            let bytes = try file.descriptor.read(count: framesAtOnce * frameLength, at: offset)
            for start in stride(from: 0, to: bytes.count - frameLength + 1, by: frameLength) {
                let frame = bytes[start..<start + frameLength]
                count += 1
                if Salts(ofFrame: frame) == salts { self.lastFrame = count }
                guard isUsed, let ends = parsed?.check(frame, &sum) else {
                    isUsed = false
                    continue
                }
                if count == number { self.marked = MarkedFrame(frame) }
                if ends { self.committedFrames = count }
            }
            guard bytes.count == framesAtOnce * frameLength else { return }
            offset += Int64(bytes.count)
        }
    }
}

/// The header of a write-ahead log that is right.
struct WALHeader {
    private static let magic: UInt32 = 0x377f_0682

    let salts: WALContent.Salts
    /// The length of a page, in bytes.
    let pageLength: Int
    /// Where the checksums of the frames go on from.
    fileprivate let sum: WALSum
    private let isBigEndian: Bool

    init?(_ bytes: [UInt8]) {
        guard bytes.count == WALContent.headerLength, case let magic = bytes.number(at: 0), magic & ~1 == Self.magic
        else { return nil }
        self.isBigEndian = magic & 1 == 1
        self.pageLength = Int(bytes.number(at: 8))
        self.salts = .init(first: bytes.number(at: 16), second: bytes.number(at: 20))
        var sum = WALSum()
        sum.add(bytes[..<24], isBigEndian: self.isBigEndian)
        guard sum == WALSum(bytes.number(at: 24), bytes.number(at: 28)), (512...65_536).contains(self.pageLength) else {
            return nil
        }
        self.sum = sum
    }

    /// Holds a frame to its checksum, which goes on from the one of the frame before; returns whether it ends a
    /// transaction, `nil` for one that is wrong.
    fileprivate func check(_ frame: ArraySlice<UInt8>, _ sum: inout WALSum) -> Bool? {
        let start = frame.startIndex
        guard WALContent.Salts(ofFrame: frame) == self.salts else { return nil }
        sum.add(frame[start..<start + 8], isBigEndian: self.isBigEndian)
        sum.add(frame[(start + WALContent.frameHeaderLength)...], isBigEndian: self.isBigEndian)
        guard sum == WALSum(frame.number(at: start + 16), frame.number(at: start + 20)) else { return nil }
        return frame.number(at: start + 4) != 0
    }
}

/// The checksum of a write-ahead log: two sums of the words that were added.
struct WALSum: Hashable, Sendable {
    private(set) var first: UInt32 = 0
    private(set) var second: UInt32 = 0

    init() {}

    init(_ first: UInt32, _ second: UInt32) {
        self.first = first
        self.second = second
    }

    /// Adds bytes, a multiple of 8.
    mutating func add(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) {
        bytes.withUnsafeBytes { self.add($0, isBigEndian: isBigEndian) }
    }

    /// Adds bytes, a multiple of 8.
    mutating func add(_ words: UnsafeRawBufferPointer, isBigEndian: Bool) {
        var (first, second) = (self.first, self.second)
        // Each pair of words lies within the bytes, of which there is a multiple of 8.
        for offset in stride(from: 0, to: words.count - 7, by: 8) {
            let one = words.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            let two = words.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            first &+= (isBigEndian ? UInt32(bigEndian: one) : UInt32(littleEndian: one)) &+ second
            second &+= (isBigEndian ? UInt32(bigEndian: two) : UInt32(littleEndian: two)) &+ first
        }
        (self.first, self.second) = (first, second)
    }
}

extension WALContent.Salts {
    /// Reads those in a frame's header.
    init(ofFrame frame: ArraySlice<UInt8>) {
        self.init(first: frame.number(at: frame.startIndex + 8), second: frame.number(at: frame.startIndex + 12))
    }
}

extension WALContent.MarkedFrame {
    /// Reads a frame's header and page.
    init(_ frame: some RandomAccessCollection<UInt8>) {
        let frame = Array(frame)
        self.init(page: frame.number(at: 0), content: frame[WALContent.frameHeaderLength...])
    }

    /// Describes a page as a frame would have it.
    init(page: UInt32, content: ArraySlice<UInt8>) {
        var sum = WALSum()
        sum.add(content.dropLast(PageChecksum.length), isBigEndian: false)
        self.init(page: page, sum: sum)
    }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    /// Reads four bytes as a number, the high one first.
    func number(at index: Int) -> UInt32 {
        self[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
