/// The checksum of a page of a database, which SQLite's format does not have: a bit that flips in a row would be taken for
/// its value.
///
/// A page ends in ``length`` bytes that SQLite leaves alone ("reserved space",
/// <https://www.sqlite.org/fileformat2.html#resbyte>), and these are two sums over the bytes before, computed as those of
/// a write-ahead log, from the page's number and length on: what was written to another place is wrong, too, and so is a
/// page of zeros.
enum PageChecksum {
    /// In bytes.
    static let length = 8
    /// Where a database's header says how many bytes SQLite leaves alone in each page.
    static let reservedOffset = 20
    /// Where the header says how long a page is.
    static let headerLength = 100

    /// Whether an access of so many bytes is that of a page.
    static func isPage(count: Int, at offset: Int64) -> Bool {
        count >= 512 && count & (count - 1) == 0 && offset % Int64(count) == 0
    }

    /// Computes the checksum of a page, with the bytes for its checksum, at an offset of the file.
    static func sum(of page: UnsafeRawBufferPointer, at offset: Int64) -> WALSum {
        var sum = WALSum(UInt32(truncatingIfNeeded: offset / Int64(page.count) + 1), UInt32(page.count))
        sum.add(UnsafeRawBufferPointer(rebasing: page.dropLast(self.length)), isBigEndian: false)
        return sum
    }

    /// Reads the checksum that a page has.
    static func noted(in page: UnsafeRawBufferPointer) -> WALSum {
        let start = page.count - self.length
        return WALSum(
            UInt32(littleEndian: page.loadUnaligned(fromByteOffset: start, as: UInt32.self)),
            UInt32(littleEndian: page.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)))
    }

    /// Notes a page's checksum in the page.
    static func note(in page: UnsafeMutableRawBufferPointer, at offset: Int64) {
        let (sum, start) = (self.sum(of: UnsafeRawBufferPointer(page), at: offset), page.count - self.length)
        page.storeBytes(of: sum.first.littleEndian, toByteOffset: start, as: UInt32.self)
        page.storeBytes(of: sum.second.littleEndian, toByteOffset: start + 4, as: UInt32.self)
    }
}
