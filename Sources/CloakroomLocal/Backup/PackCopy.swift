import CloakroomCrypto
import CloakroomDisk
import CloakroomDomain
import CloakroomStore
import CloakroomSystem

/// Copies those slots of a pack to which the copied catalogue refers; used by one thread.
///
/// The copy has the pack's number and first page. Each slot is where it was, and what is not copied is a hole. It ends
/// with its last slot, before the pack's full length: so a start takes it for a pack that has been ended.
final class PackCopy {
    private let id: PackID
    private let source: BlobSource
    private let input: OpenFile?
    private let target: BlobTarget
    private let output: OpenFile
    private var hasSlots = false

    /// Begins a copy of a pack, which need not be there any more.
    init(_ id: PackID, from source: BlobSource, to target: BlobTarget) throws(BackupError) {
        let input = try BackupError.at(source.path, SystemCallError.unlessMissing(source.open(id)))
        let output = try BackupError.at(target.path, target.make(id))
        (self.id, self.source, self.input, self.target, self.output) = (id, source, input, target, output)
        try BackupError.at(target.path, output.descriptor.writeAll(Self.head(of: input), at: 0))
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
            self.input?.dropCache(at: slot.offset, length: Int64(slot.length))
            throw .damage(.wrongDigest)
        }
        guard self.target.hasRoom(for: Int64(slot.length)) else { throw .copy(.full(path: self.target.path)) }
        bytes.append(contentsOf: repeatElement(0, count: slot.length - bytes.count))
        try self.target.writing(self.output.descriptor.writeAll(bytes, at: slot.offset))
        self.hasSlots = true
    }

    private func read(_ slot: PackSlot) throws(BlobCopyFailure) -> [UInt8] {
        guard let input, slot.isPossible else { throw .damage(.missing) }
        return try self.source.reading(input.descriptor.read(count: slot.length, at: slot.offset))
    }

    /// Ends the copy, which is durable then, but for its name; one without slots is removed.
    func end() throws(BackupError) {
        try BackupError.at(
            self.target.path, self.hasSlots ? self.output.descriptor.synchronize() : self.target.remove(self.id))
    }
}
