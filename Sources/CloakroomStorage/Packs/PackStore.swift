import CloakroomCrypto
import CloakroomDomain
import NIOCore
import Synchronization

import Glibc

/// Small bodies, many in a file: `packs/<number>`.
///
/// A file of its own costs a small body far more than its bytes: an inode, a name, two flushes, and later the writing
/// of both. Here a group of bodies that end at the same time is one sequential write and one flush. The row says where a
/// body lies, so the body is there for others at the moment at which the row is committed, and gone when that is.
///
/// Nothing is ever written twice to the same place. A slot that nobody refers to is given back to the file system
/// (`FALLOC_FL_PUNCH_HOLE`), and a pack of which all are is removed.
final class PackStore: Sendable {
    /// Bodies up to this length are packed, in bytes.
    static let maximumBodyLength = 64 * 1_024
    static let directoryName = "packs"

    private let directory: FileDescriptor
    private let catalog: Catalog
    private let openPacks: Mutex<[PackID: PackFile]>
    private let openLimit: Int
    private let packLength: Int64
    let writer: PackWriter

    /// Opens the packs of a directory, creating it where there is none.
    ///
    /// - Parameters:
    ///   - root: The directory of the blobs.
    ///   - staging: A directory that is emptied at every start.
    ///   - packLength: The full length of a pack, in bytes.
    ///   - openPacks: The most packs that are kept open.
    ///   - catalog: The rows.
    ///   - health: Told of a failed flush.
    /// - Throws: The call that failed.
    init(
        root: Int32, staging: Int32, packLength: Int64, openPacks: Int, catalog: Catalog, health: StorageHealth
    ) throws(SystemCallError) {
        self.directory = try BlobStore.openDirectory(at: root, Self.directoryName)
        self.catalog = catalog
        self.openPacks = Mutex([:])
        self.openLimit = openPacks
        self.packLength = packLength
        self.writer = PackWriter(
            directory: self.directory.rawValue, staging: staging, packLength: packLength,
            catalog: catalog, health: health)
    }

    // MARK: Reading

    /// Opens the packed body of a file.
    ///
    /// - Returns: The body, or `nil` where the file's row does not say that it is packed.
    /// - Throws: ``StorageError``.
    func open(_ id: FileID) throws(StorageError) -> OpenBlob? {
        guard let slot = try self.catalog.slot(id) else { return nil }
        return OpenBlob(pack: try self.pack(slot.pack), slot: slot)
    }

    /// Whether a file's row says that its bytes are packed.
    func contains(_ id: FileID) throws(StorageError) -> Bool { try self.catalog.slot(id) != nil }

    /// Opens a pack.
    ///
    /// - Throws: ``StorageError``, also where there is none: a row that refers to it must find it.
    private func pack(_ id: PackID) throws(StorageError) -> PackFile {
        if let pack = self.openPacks.withLock({ $0[id] }) { return pack }
        do throws(SystemCallError) {
            let pack = try PackFile(opening: id, at: self.directory.rawValue)
            self.openPacks.withLock { packs in
                // Readers keep a pack for as long as they need it: which one goes is of no consequence.
                if packs.count >= self.openLimit, let first = packs.keys.first { packs[first] = nil }
                packs[id] = pack
            }
            return pack
        } catch {
            throw .failed("pack \(id.fileName): \(error)")
        }
    }

    // MARK: Giving back

    /// Gives slots back to the file system, durably; a pack that holds nothing else is removed.
    ///
    /// Nobody may be reading them, or come to do so. Repeating it does no harm.
    ///
    /// - Throws: ``StorageError``.
    func giveBack(_ slots: [PackSlot]) throws(StorageError) {
        for (id, slots) in Dictionary(grouping: slots, by: \.pack) { try self.giveBack(slots, in: id) }
    }

    private func giveBack(_ slots: [PackSlot], in id: PackID) throws(StorageError) {
        do throws(SystemCallError) {
            let pack = try PackFile(opening: id, at: self.directory.rawValue)
            for slot in slots { try pack.giveBack(slot.offset, Int64(slot.length)) }
            try pack.synchronize()
            guard try pack.length() < self.packLength, try pack.isEmpty() else { return }
            guard unlinkat(self.directory.rawValue, id.fileName, 0) == 0 else { throw SystemCallError(.unlinkat) }
            self.openPacks.withLock { $0[id] = nil }
        } catch {
            // A crash came after the removal and before that was noted.
            guard error.code != ENOENT else { return }
            throw .failed("pack \(id.fileName): \(error)")
        }
    }

    // MARK: Recovery

    /// Ends packs to which slots were being added when the process died, before any are added by this one.
    ///
    /// A whole slot whose row is pending seals it: the client may have been told. Slots to which no row refers then are
    /// given back. Bytes that are no slot are left alone unless they are zeros: room that was set aside.
    ///
    /// - Throws: ``StorageError``.
    func recover() async throws(StorageError) {
        for id in try self.packIDs() {
            guard let (pack, bytes) = try self.openUnended(id) else { continue }
            let found = Self.slots(in: pack, bytes)
            for header in found where Self.isWhole(header, bytes) {
                _ = try await self.catalog.seal(header.id, header.seal, at: header.slot)
            }
            try await self.catalog.checkWritable()
            var unused: [PackSlot] = []
            for header in found where try self.catalog.slot(header.id) != header.slot { unused.append(header.slot) }
            let end = found.map { Int($0.slot.offset) + $0.slot.length }.max() ?? PackFile.headerLength
            let isRestZero = bytes.dropFirst(end).allSatisfy { $0 == 0 }
            do throws(SystemCallError) {
                for slot in unused { try pack.giveBack(slot.offset, Int64(slot.length)) }
                try pack.cut(to: isRestZero ? Int64(end) : self.packLength - Int64(PackSlotHeader.alignment))
            } catch {
                throw .failed("pack \(id.fileName): \(error)")
            }
            // One that holds nothing goes.
            try self.giveBack([], in: id)
        }
    }

    /// Whether all of a slot's body reached the disk: the last group's may not have.
    private static func isWhole(_ header: PackSlotHeader, _ bytes: [UInt8]) -> Bool {
        let start = Int(header.slot.bodyOffset)
        guard start + header.slot.bodyLength <= bytes.count else { return false }
        return SHA256.hash(Array(bytes[start..<start + header.slot.bodyLength])) == header.seal.sha256
    }

    /// Opens and reads a pack that has its full length; `nil` where it has been ended.
    private func openUnended(_ id: PackID) throws(StorageError) -> (PackFile, [UInt8])? {
        do throws(SystemCallError) {
            let pack = try PackFile(opening: id, at: self.directory.rawValue)
            return try pack.length() < self.packLength ? nil : (pack, try pack.readAll())
        } catch {
            throw .failed("pack \(id.fileName): \(error)")
        }
    }

    /// The slots of a pack in their order; one that is damaged hides no other.
    static func slots(in pack: PackFile, _ bytes: [UInt8]) -> [PackSlotHeader] {
        var slots: [PackSlotHeader] = []
        var position = PackFile.headerLength
        while position < bytes.count {
            if let header = PackSlotHeader(bytes[position...], in: pack, at: Int64(position)) {
                slots.append(header)
                position += header.slot.length
            } else {
                position += PackSlotHeader.alignment
            }
        }
        return slots
    }

    private func packIDs() throws(StorageError) -> [PackID] {
        do throws(SystemCallError) {
            return try BlobStore.entries(of: self.directory.rawValue).compactMap { PackID(fileName: $0) }
        } catch {
            throw error.storageError
        }
    }
}
