import CloakroomCrypto

/// How far the catalogue's write-ahead log (WAL) was written, at least.
///
/// A start compares it with the WAL, and so notices lost frames, which SQLite ignores without an error.
///
/// It is written after each commit and not flushed. After a process has been killed all of it counts. After a power cut it
/// may be older, and only what had been flushed counts.
package struct HistoryMark: Hashable, Sendable {
    /// The machine's run: another after a power cut.
    package var boot: [UInt8]
    /// Which log.
    package var salts: WALContent.Salts
    /// How many frames had been committed.
    package var committedFrames: Int
    /// How many of them had been flushed, too.
    package var flushedFrames: Int
    /// How many of them had been copied into the database, which was flushed then.
    package var copiedFrames: Int
    /// The last frame: a WAL is known by it in which something else has taken its place.
    package var last: WALContent.MarkedFrame

    package static let length = 96
    package static let bootLength = 16
    private static let magic = Array("CLKMARK2".utf8)
    private static let checkedLength = 64

    /// How many frames the WAL must have: those that had been flushed; in the same run of the machine, those that had
    /// been committed.
    package func requiredFrames(boot: [UInt8]) -> Int { boot == self.boot ? self.committedFrames : self.flushedFrames }

    /// The mark's bytes: 64, and their SHA-256.
    package var bytes: [UInt8] {
        var bytes = Self.magic + self.boot
        for number in [
            self.salts.first, self.salts.second, UInt32(clamping: self.committedFrames),
            UInt32(clamping: self.flushedFrames), UInt32(clamping: self.copiedFrames), self.last.page,
            self.last.sum.first,
            self.last.sum.second,
        ] {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        bytes.append(contentsOf: repeatElement(0, count: Self.checkedLength - bytes.count))
        return bytes + SHA256.hash(bytes).bytes
    }

    package init(
        boot: [UInt8], salts: WALContent.Salts, committedFrames: Int, flushedFrames: Int, copiedFrames: Int,
        last: WALContent.MarkedFrame
    ) {
        self.boot = boot
        self.salts = salts
        self.committedFrames = committedFrames
        self.flushedFrames = flushedFrames
        self.copiedFrames = copiedFrames
        self.last = last
    }

    /// Reads a mark; `nil` for bytes that are none, or of which a part is missing.
    package init?(_ bytes: [UInt8]) {
        let checked = Array(bytes.prefix(Self.checkedLength))
        guard bytes.count == Self.length, bytes.starts(with: Self.magic),
            SHA256.hash(checked).bytes[...] == bytes[Self.checkedLength...]
        else { return nil }
        let start = Self.magic.count + Self.bootLength
        func number(_ index: Int) -> UInt32 { bytes.number(at: start + 4 * index) }
        self.init(
            boot: Array(bytes[Self.magic.count..<start]), salts: .init(first: number(0), second: number(1)),
            committedFrames: Int(number(2)), flushedFrames: Int(number(3)), copiedFrames: Int(number(4)),
            last: .init(page: number(5), sum: WALSum(number(6), number(7))))
    }
}
