import CloakroomCrypto
package import CloakroomDomain
package import CloakroomSystem
import Glibc

/// A file of many small bodies, each in a slot of its own.
///
/// Its first ``PackSlotHeader/alignment`` bytes are `CLKPACK1`, a secret of 16 random bytes, and the SHA-256 of both.
/// While slots are added it has its full length, in which room is set aside; then it is cut to what was used.
package final class PackFile: Sendable {
    private static let magic = Array("CLKPACK1".utf8)
    package static let secretLength = 16
    /// Where the first slot begins, in bytes.
    package static let headerLength = PackSlotHeader.alignment

    package enum Purpose {
        case reading
        case changing
    }

    package let id: PackID
    private let file: FileDescriptor
    package var system: any OperatingSystem { self.file.system }

    /// The descriptor, open as long as this object lives.
    package var rawDescriptor: Int32 { self.file.rawValue }

    /// Makes a pack with room for slots, durable but for its name; after a failure there is no file.
    package init(making id: PackID, at directory: Directory, length: Int64, secret: [UInt8]) throws(SystemCallError) {
        self.id = id
        self.file = try directory.open(id.fileName, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        do throws(SystemCallError) {
            try self.file.system.allocate(self.file.rawValue, length: length)
            let named = Self.magic + secret
            try self.write(named + SHA256.hash(named).bytes, at: 0)
            try self.file.synchronize()
        } catch {
            try? directory.remove(id.fileName)
            throw error
        }
    }

    /// Opens a pack, whatever is in it; a file system that has turned read-only is read on.
    package init(opening id: PackID, at directory: Directory, for purpose: Purpose) throws(SystemCallError) {
        self.id = id
        self.file = try directory.open(id.fileName, flags: (purpose == .reading ? O_RDONLY : O_RDWR) | O_NOFOLLOW)
        // A neighbour's bytes would come into memory, where nobody verifies them.
        self.file.system.readNothingAhead(of: self.file.rawValue)
    }

    /// Returns the secret of a pack with which some bytes begin; `nil` where they are no pack's.
    package static func secret(in bytes: [UInt8]) -> [UInt8]? {
        let named = Array(bytes.prefix(Self.magic.count + Self.secretLength))
        let sum = bytes.dropFirst(named.count).prefix(32)
        guard named.starts(with: Self.magic), SHA256.hash(named).bytes[...] == sum else { return nil }
        return Array(named.suffix(Self.secretLength))
    }

    /// Writes bytes; not yet durable.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(SystemCallError) {
        try self.file.writeAll(bytes, at: offset)
    }

    /// Returns when what was written to slots is on the disk, as far as the disk honours a flush.
    package func synchronizeData() throws(SystemCallError) {
        try self.file.system.synchronizeData(self.file.rawValue)
    }

    /// Returns when everything is on the disk, what has been freed included.
    package func synchronize() throws(SystemCallError) { try self.file.synchronize() }

    /// Cuts the pack to what was used of it: no slot is added afterwards.
    package func cut(to length: Int64) throws(SystemCallError) {
        let (system, descriptor) = (self.file.system, self.file.rawValue)
        try retryingInterrupted { () throws(SystemCallError) in try system.truncate(descriptor, to: length) }
        try self.file.synchronize()
    }

    /// The length in bytes.
    package func length() throws(SystemCallError) -> Int64 { try self.file.status().size }

    /// Frees the slot of a deleted file, also one that is free already or torn; `false` where something else lies
    /// there, because the pack is in another's place.
    package func free(_ slot: PackSlot, of id: FileID) throws(SystemCallError) -> Bool {
        let header = try self.file.read(count: PackSlotHeader.length, at: slot.offset)
        guard PackSlotHeader.looksLike(header, of: id) || header.isZero else { return false }
        try self.free(slot.offset, Int64(slot.length))
        return true
    }

    /// Gives room back to the file system: it reads as zeros from now on.
    package func free(_ offset: Int64, _ length: Int64) throws(SystemCallError) {
        let (system, descriptor) = (self.file.system, self.file.rawValue)
        do throws(SystemCallError) {
            try retryingInterrupted { () throws(SystemCallError) in
                try system.punchHole(in: descriptor, at: offset, length: length)
            }
        } catch {
            guard error.code == EOPNOTSUPP else { throw error }
            // A file system without holes: at least the bytes go.
            try self.write([UInt8](repeating: 0, count: Int(length)), at: offset)
        }
    }

    /// Removes the pack if every slot has been freed, and returns whether it was; durable.
    package func removeIfEmpty(_ directory: Directory) throws(SystemCallError) -> Bool {
        let data = try self.file.system.nextData(in: self.file.rawValue, from: Int64(Self.headerLength))
        guard data == nil else { return false }
        try directory.remove(self.id.fileName)
        try directory.synchronize()
        return true
    }

    /// Whether a slot begins with the header of a file's, as far as that can be said without the secret.
    package func hasSlot(of id: FileID, at offset: Int64) throws(SystemCallError) -> Bool {
        let header = try self.file.read(count: PackSlotHeader.length, at: offset)
        return header.count == PackSlotHeader.length && PackSlotHeader.looksLike(header, of: id)
    }

    /// Reads a part of the pack, and returns how many bytes there were.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemCallError) -> Int {
        try self.file.read(into: buffer, at: offset)
    }

    /// Reads up to the last bytes that are no hole: most of a pack may be unused; pages that cannot be read are zeros,
    /// and the bytes not complete then.
    package func readAll() throws(SystemCallError) -> (bytes: [UInt8], isComplete: Bool) {
        do throws(SystemCallError) {
            return (try self.readUsed(), true)
        } catch {
            guard case .unreadable = BlobDamage(error) else { throw error }
            return try self.readByPages()
        }
    }

    /// Bytes are looked for in steps of so many.
    private static let step: Int64 = 64 * 1_024

    private func readUsed() throws(SystemCallError) -> [UInt8] {
        // Before anything is read: what the kernel has read of a hole is one no more.
        var end: Int64 = 0
        while let data = try self.file.system.nextData(in: self.file.rawValue, from: end) {
            end = (data / Self.step + 1) * Self.step
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(end))
        while bytes.count < Int(end) {
            let piece = try self.file.read(count: min(1_024 * 1_024, Int(end) - bytes.count), at: Int64(bytes.count))
            guard !piece.isEmpty else { break }
            bytes += piece
        }
        return bytes
    }

    /// So many pages are damaged; more are a disk that does not answer, and takes its time to say so for each.
    private static let mostUnreadablePages = 64

    private func readByPages() throws(SystemCallError) -> (bytes: [UInt8], isComplete: Bool) {
        var bytes: [UInt8] = []
        var unreadable = 0
        let length = Int(try self.length())
        while bytes.count < length {
            let count = min(PackSlotHeader.alignment, length - bytes.count)
            do throws(SystemCallError) {
                let page = try self.file.read(count: count, at: Int64(bytes.count))
                bytes += page
                guard page.count == count else { return (bytes, false) }
            } catch {
                guard case .unreadable = BlobDamage(error), unreadable < Self.mostUnreadablePages else { throw error }
                unreadable += 1
                bytes += [UInt8](repeating: 0, count: count)
            }
        }
        return (bytes, unreadable == 0)
    }
}
