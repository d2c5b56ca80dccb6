import CloakroomCrypto
import CloakroomSystem

/// What a copy does with files.
extension OpenFile {
    /// How many bytes are copied or hashed at a time.
    static let pieceLength = 1_024 * 1_024

    /// Lets the next reader get what the disk has, if everything has been flushed.
    func dropCache() { self.dropCache(at: 0, length: 0) }

    /// Takes over the content of another file, which both share until one of them changes; `false` where the file
    /// system cannot do that.
    func clone(_ source: OpenFile) -> Bool {
        do throws(SystemCallError) {
            try self.descriptor.system.clone(source.descriptor.rawValue, to: self.descriptor.rawValue)
            return true
        } catch {
            return false
        }
    }

    /// Returns the digest of a part; `nil` where the file ends before.
    func digest(at offset: Int64, count: Int64) throws(SystemCallError) -> SHA256Digest? {
        var hasher = SHA256()
        var done: Int64 = 0
        while done < count {
            let wanted = Int(min(Int64(Self.pieceLength), count - done))
            let piece = try self.descriptor.read(count: wanted, at: offset + done)
            guard !piece.isEmpty else { return nil }
            hasher.update(piece.span.bytes)
            done += Int64(piece.count)
        }
        return hasher.digest()
    }
}
