import CloakroomCrypto
import CloakroomDomain
import CloakroomDisk
import CloakroomStore
import CloakroomSystem

import Glibc

/// Copies those slots of a pack to which the copied catalogue refers; used by one thread.
///
/// The copy has the pack's number and first page. Each slot is where it was, and what is not copied is a hole. It ends
/// with its last slot, before the pack's full length: so a start takes it for a pack that has been ended.
final class PackCopy {
    private let id: PackID
    private let source: OpenFile?
    private let sourcePath: String
    private let target: BlobTarget
    private let targetPath: String
    private let output: OpenFile
    private var hasSlots = false

    /// Begins a copy of a pack, which need not be there any more.
    init(
        _ id: PackID, from source: BlobSource, at sourcePath: String, to target: BlobTarget, at targetPath: String
    ) throws(BackupError) {
        self.id = id
        self.sourcePath = sourcePath
        self.target = target
        self.targetPath = targetPath
        let found: OpenFile?
        do throws(SystemCallError) {
            found = try Self.open(id, in: source)
        } catch {
            throw BackupError(error, at: sourcePath)
        }
        self.source = found
        do throws(SystemCallError) {
            self.output = try target.make(id)
            try self.output.descriptor.writeAll(Self.head(of: found), at: 0)
        } catch {
            throw BackupError(error, at: targetPath)
        }
    }

    private static func open(_ id: PackID, in source: BlobSource) throws(SystemCallError) -> OpenFile? {
        do throws(SystemCallError) {
            return try source.open(id)
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }

    /// The first page; without it, if it cannot be read, the slots can be served nevertheless.
    private static func head(of file: OpenFile?) -> [UInt8] {
        guard let file, let page = try? file.descriptor.read(count: PackFile.headerLength, at: 0) else { return [] }
        return page
    }

    /// Copies a slot; not yet durable; after a failure nothing of it has been copied.
    func copy(_ file: SealedFile, in slot: PackSlot) throws(BlobCopyFailure) {
        var bytes = try self.read(slot)
        let body = bytes.dropFirst(PackSlotHeader.length).prefix(slot.bodyLength)
        guard body.count == slot.bodyLength else {
            throw .damage(.wrongLength(expected: file.size.bytes, found: Int64(body.count)))
        }
        guard SHA256.hash(Array(body)) == file.seal.sha256 else {
            // A server takes what is in memory for what it has verified.
            self.source?.dropCache(at: slot.offset, length: Int64(slot.length))
            throw .damage(.wrongDigest)
        }
        guard self.target.hasRoom(for: Int64(slot.length)) else { throw .copy(.full(path: self.targetPath)) }
        bytes.append(contentsOf: repeatElement(0, count: slot.length - bytes.count))
        do throws(SystemCallError) {
            try self.output.descriptor.writeAll(bytes, at: slot.offset)
            self.hasSlots = true
        } catch {
            throw BlobCopyFailure(writing: error, at: self.targetPath)
        }
    }

    private func read(_ slot: PackSlot) throws(BlobCopyFailure) -> [UInt8] {
        guard let source, slot.isPossible else { throw .damage(.missing) }
        do throws(SystemCallError) {
            return try source.descriptor.read(count: slot.length, at: slot.offset)
        } catch {
            throw BlobCopyFailure(reading: error, at: self.sourcePath)
        }
    }

    /// Ends the copy, which is durable then, but for its name; one without slots is removed.
    func end() throws(BackupError) {
        do throws(SystemCallError) {
            if self.hasSlots {
                try self.output.descriptor.synchronize()
            } else {
                try self.target.remove(self.id)
            }
        } catch {
            throw BackupError(error, at: self.targetPath)
        }
    }
}
