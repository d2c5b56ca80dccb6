/// A file that stays open for as long as somebody has this object.
package final class OpenFile: Sendable {
    package let descriptor: FileDescriptor

    package init(_ descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Makes the next reader of a part of the file get what the disk has.
    package func dropCache(at offset: Int64, length: Int64) {
        self.descriptor.system.dropCache(of: self.descriptor.rawValue, at: offset, length: length)
    }

    /// Whether a byte is in memory.
    package func isCached(at offset: Int64) -> Bool {
        let (system, descriptor) = (self.descriptor.system, self.descriptor.rawValue)
        var byte: UInt8 = 0
        return withUnsafeMutableBytes(of: &byte) { buffer in
            // One byte of room, for one byte read.
            (try? system.readCached(into: buffer, from: descriptor, at: offset)) == 1
        }
    }

    /// Where the next bytes are that are no hole, `nil` where there are none.
    package func nextData(from offset: Int64) throws(SystemCallError) -> Int64? {
        try self.descriptor.system.nextData(in: self.descriptor.rawValue, from: offset)
    }
}
