package import CloakroomDomain
package import CloakroomStore
import CloakroomSystem
import Glibc

/// Keeping what nobody is served any more: `blobs/quarantine`.
///
/// A name there is the file's UUID. Where something else has that name already, `.2`, `.3` … follow.
extension BlobStore {
    /// What became of bytes that were to be kept.
    package enum Kept: Hashable, Sendable {
        /// They have got this name.
        case added(String)
        /// They had one already: a crash came after that.
        case before
        /// There is nothing that could be kept.
        case nothing
    }

    /// Keeps what there is of a ready file's bytes, whose row and bytes stay as they are; on return that is durable.
    package func keep(_ file: SealedFile) throws(StorageError) -> Kept {
        guard let slot = file.slot else { return try self.keepOwnFile(of: file.id) }
        return try self.keepBody(of: slot, as: file.id.uuid)
    }

    /// Gives a blob's own file a name in the quarantine, too; on return that is durable.
    package func keepOwnFile(of id: FileID) throws(StorageError) -> Kept {
        let shard = self.directory(of: id)
        let file = try self.openIfReadable(id)
        if let file {
            try self.rejectingWritesOnFailure { () throws(SystemCallError) in try file.descriptor.synchronize() }
        }
        let kept: Kept
        do throws(SystemCallError) {
            kept = try self.link(id.uuid, of: shard, as: id.uuid) { other throws(SystemCallError) in
                guard let file else { return false }
                return try other.descriptor.status().identity == file.descriptor.status().identity
            }
        } catch {
            guard BlobDamage(error) != nil else { throw error.storageError }
            return .nothing
        }
        try self.synchronize(self.quarantine)
        return kept
    }

    /// What cannot be read may have a name nevertheless.
    private func openIfReadable(_ id: FileID) throws(StorageError) -> OpenFile? {
        do throws(SystemCallError) {
            return try self.tree.open(id)
        } catch {
            guard BlobDamage(error) != nil else { throw error.storageError }
            return nil
        }
    }

    /// Copies what there is of a packed body into the quarantine; on return the copy is durable.
    package func keepBody(of slot: PackSlot, as name: String) throws(StorageError) -> Kept {
        guard slot.isPossible else { return .nothing }
        return try self.keepCopy(of: slot.pack, slot.bodyOffset..<slot.bodyOffset + Int64(slot.bodyLength), as: name)
    }

    /// Copies what there is of a part of a pack into the quarantine; on return the copy is durable.
    package func keepCopy(of pack: PackID, _ range: Range<Int64>, as name: String) throws(StorageError) -> Kept {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try self.tree.open(pack).descriptor.read(count: range.count, at: range.lowerBound)
        } catch {
            guard BlobDamage(error) != nil else { throw error.storageError }
            return .nothing
        }
        guard !bytes.isEmpty else { return .nothing }
        return try self.keepCopy(bytes, as: name)
    }

    private func keepCopy(_ bytes: [UInt8], as name: String) throws(StorageError) -> Kept {
        let temporary = "quarantine-\(name)"
        defer { try? self.stagingDirectory.remove(temporary) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
        let file = try StorageError.throwing(OpenFile(self.stagingDirectory.open(temporary, flags: flags)))
        try StorageError.throwing(file.descriptor.writeAll(bytes, at: 0))
        try self.rejectingWritesOnFailure { () throws(SystemCallError) in try file.descriptor.synchronize() }
        let kept = try StorageError.throwing(
            self.link(temporary, of: self.stagingDirectory, as: name) { other throws(SystemCallError) in
                try other.descriptor.readAll() == bytes
            })
        try self.synchronize(self.quarantine)
        return kept
    }

    /// Gives a file a name in the quarantine, too, unless it is there already.
    private func link(
        _ name: String, of directory: Directory, as newName: String,
        unless isSame: (OpenFile) throws(SystemCallError) -> Bool
    ) throws(SystemCallError) -> Kept {
        var number = 1
        while true {
            let candidate = number == 1 ? newName : "\(newName).\(number)"
            do throws(SystemCallError) {
                try directory.link(name, to: self.quarantine, as: candidate)
                return .added(candidate)
            } catch {
                guard error.code == EEXIST else { throw error }
            }
            if try isSame(OpenFile(try self.quarantine.open(candidate, flags: O_RDONLY | O_NOFOLLOW))) {
                return .before
            }
            number += 1
        }
    }

    /// Takes a name away again that was just given: the file has been deleted meanwhile.
    package func takeBack(_ kept: Kept) throws(StorageError) {
        guard case .added(let name) = kept else { return }
        try StorageError.throwing(SystemCallError.unlessMissing(self.quarantine.remove(name)))
        try self.synchronize(self.quarantine)
    }

    /// Moves a blob's own file into the quarantine, and returns whether there was one; on return that is durable.
    package func moveToQuarantine(_ id: FileID) throws(StorageError) -> Bool {
        guard try self.keepOwnFile(of: id) != .nothing else { return false }
        try self.removeNameDurably(id)
        return true
    }

    /// Removes the name of a blob's own file; on return that is durable.
    package func removeNameDurably(_ id: FileID) throws(StorageError) {
        try self.removeName(id)
        try self.synchronize(self.directory(of: id))
    }
}
