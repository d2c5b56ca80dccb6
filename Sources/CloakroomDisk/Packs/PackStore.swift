package import CloakroomDomain
package import CloakroomStore
import CloakroomSystem
import Glibc
import Logging
import NIOPosix
import Synchronization

/// Small bodies, many in a file: `packs/<number>`.
///
/// A file of its own costs a small body far more than its bytes: an inode, a name, two flushes, and later the writing
/// of both. Here a group of bodies that end at the same time is one sequential write and one flush. The row says where
/// a body lies, so the body is there for others at the moment at which the row is committed, and gone when that is.
///
/// Nothing is ever written twice to the same place. A slot that nobody refers to is returned to the file system
/// (`FALLOC_FL_PUNCH_HOLE`), and a pack of which all are is removed. Readers are counted, so that none sees the hole:
/// whoever opens a body is counted before it asks where the body lies, and whoever gives a slot back has removed the row
/// before it asks for readers. So either the reader finds no row, or the slot waits for it.
package final class PackStore: Sendable {
    /// Bodies up to this length are packed, in bytes.
    static let maximumBodyLength = Placement.smallLength
    package static let directoryName = "packs"

    let directory: Directory
    let health: StorageHealth
    private let readers = PackReaders()
    private let openPacks: Mutex<[PackID: PackFile]>
    private let openLimit: Int
    package let packLength: Int64
    let writer: PackWriter

    /// Uses the packs of a directory, beside one for staging that is emptied at every start.
    init(
        directory: Directory, staging: Directory, packLength: Int64, openPacks: Int, rows: any LocatorRows,
        health: StorageHealth
    ) {
        self.directory = directory
        self.health = health
        self.openPacks = Mutex([:])
        self.openLimit = openPacks
        self.packLength = packLength
        let maker = PackMaker(
            directory: self.directory, staging: staging, packLength: packLength, health: health)
        self.writer = PackWriter(maker: maker, rows: rows)
    }

    // MARK: Reading

    /// Counts a reader of a file's body, before it asks where the body lies.
    package func beginReading(_ id: FileID) -> PackReading { PackReading(id, of: self.readers) }

    /// Opens a packed body, whose slot was asked for since the reader was counted.
    func open(
        _ slot: PackSlot, _ reading: PackReading, _ placement: Placement, _ threads: NIOThreadPool
    ) throws(StorageError) -> FileBlob {
        guard slot.isPossible else { throw .failed("the row of \(placement.id) leads to no slot of a pack") }
        let pack = try self.pack(slot.pack)
        return FileBlob(pack: pack, slot: slot, reading: reading, placement, threads)
    }

    /// Whether something of a file's bytes is where its row says; throws where that cannot be told: bytes that are
    /// taken to be lost are given up.
    func contains(_ slot: PackSlot, of id: FileID) throws(StorageError) -> Bool {
        do throws(SystemCallError) {
            return try self.openPack(slot.pack).hasSlot(of: id, at: slot.offset)
        } catch {
            if error.code == ENOENT { return false }
            throw .failed("pack \(slot.pack.fileName): \(error)")
        }
    }

    /// Opens a pack, which must be there: a row refers to it.
    private func pack(_ id: PackID) throws(StorageError) -> PackFile {
        do throws(SystemCallError) {
            return try self.openPack(id)
        } catch {
            throw .failed("pack \(id.fileName): \(error)")
        }
    }

    private func openPack(_ id: PackID) throws(SystemCallError) -> PackFile {
        if let pack = self.openPacks.withLock({ $0[id] }) { return pack }
        let pack = try self.openFile(id, for: .reading)
        self.openPacks.withLock { packs in
            // Readers keep a pack for as long as they need it: which one goes is of no consequence.
            if packs.count >= self.openLimit, let first = packs.keys.first { packs[first] = nil }
            packs[id] = pack
        }
        return pack
    }

    func openFile(_ id: PackID, for purpose: PackFile.Purpose) throws(SystemCallError) -> PackFile {
        do throws(SystemCallError) {
            return try PackFile(opening: id, at: self.directory, for: purpose)
        } catch {
            guard error.code == EMFILE || error.code == ENFILE else { throw error }
            // Descriptors have run out: those that are only kept are the first to go.
            self.openPacks.withLock { $0 = [:] }
            return try PackFile(opening: id, at: self.directory, for: purpose)
        }
    }

    // MARK: Giving back

    /// Gives a deleted file's slot back to the file system, as soon as nobody reads it; not yet durable.
    func free(_ slot: PackSlot, of id: FileID) throws(StorageError) {
        let isUnread = self.readers.whenUnread(id) { [weak self] in
            // The sweep does it again where this fails.
            guard let self else { return }
            self.writer.help { try? self.freeNow(slot, of: id) }
        }
        if isUnread { try self.freeNow(slot, of: id) }
    }

    /// Frees a slot durably to which no row refers or ever referred.
    package func freeDurably(_ slot: PackSlot) throws(StorageError) {
        try self.free([(slot, nil)], in: slot.pack)
    }

    /// Frees a slot durably to which no row refers any more, as soon as nobody reads it.
    package func freeDurably(_ slot: PackSlot, of id: FileID) throws(StorageError) {
        let isUnread = self.readers.whenUnread(id) { [weak self] in
            // Where this fails, a check finds what no row refers to.
            guard let self else { return }
            self.writer.help { try? self.freeDurably(slot) }
        }
        if isUnread { try self.freeDurably(slot) }
    }

    private func freeNow(_ slot: PackSlot, of id: FileID) throws(StorageError) {
        do throws(SystemCallError) {
            guard try !self.openFile(slot.pack, for: .changing).free(slot, of: id) else { return }
            self.reportLeft(slot, of: id)
        } catch {
            guard error.code != ENOENT else { return }
            throw .failed("pack \(slot.pack.fileName): \(error)")
        }
    }

    /// Frees the slots of deleted files durably, but for those that are being read, and returns the files whose slots
    /// are gone; a repetition does no harm.
    func free(_ deleted: [(FileID, PackSlot)]) -> [FileID] {
        // A pack that holds nothing else is removed, and one that resists does not keep the others.
        let unread = deleted.filter { !self.readers.contains($0.0) }
        var gone: [FileID] = []
        for (id, slot) in unread where !slot.isPossible {
            self.health.report(
                "The tombstone of a deleted file leads to no slot", id, "its bytes are left; see `cloakroom check`")
        }
        for (pack, files) in Dictionary(grouping: unread, by: \.1.pack) {
            do throws(StorageError) {
                try self.free(files.map { ($0.1, $0.0) }, in: pack)
                gone += files.map(\.0)
            } catch {
                self.health.report("The space of deleted bytes cannot be freed", files[0].0, error)
            }
        }
        return gone
    }

    private func reportLeft(_ slot: PackSlot, of id: FileID) {
        self.health.report(
            "The slot of a deleted file holds something else", id,
            "\(slot.length) bytes at \(slot.offset) of pack \(slot.pack.fileName) are left; see `cloakroom check`")
    }

    /// Frees slots durably; those of deleted files only where they are theirs.
    private func free(_ slots: [(PackSlot, deleted: FileID?)], in id: PackID) throws(StorageError) {
        do throws(SystemCallError) {
            let pack = try self.openFile(id, for: .changing)
            for (slot, deleted) in slots {
                if let deleted {
                    if try !pack.free(slot, of: deleted) { self.reportLeft(slot, of: deleted) }
                } else {
                    try pack.free(slot.offset, Int64(slot.length))
                }
            }
            try pack.synchronize()
            guard try pack.length() < self.packLength else { return }
            if try pack.removeIfEmpty(self.directory) { self.openPacks.withLock { $0[id] = nil } }
        } catch {
            // A crash came after the removal and before that was noted.
            guard error.code != ENOENT else { return }
            // A flush that failed is not repeated: the next one would say that all is well.
            if error.call == .fsync { self.health.rejectWrites("pack \(id.fileName): \(error)") }
            throw .failed("pack \(id.fileName): \(error)")
        }
    }
}
