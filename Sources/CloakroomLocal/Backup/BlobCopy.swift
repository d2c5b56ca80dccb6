import CloakroomCrypto
import CloakroomDisk
import CloakroomDomain
import CloakroomStore
import CloakroomSystem

/// Copies blobs that have files of their own, by cloning where the file system can.
///
/// Each is held to its digest.
struct BlobCopy {
    let source: BlobSource
    let target: BlobTarget

    /// Copies a blob; on return its bytes are durable, and its name is not yet; after a failure there is nothing of it
    /// in the new store.
    func copy(_ file: SealedFile) throws(BlobCopyFailure) {
        let input = try self.open(file)
        guard self.target.hasRoom(for: file.size.bytes) else { throw .copy(.full(path: self.target.path)) }
        let output = try self.target.writing(self.target.make(file.id))
        do throws(BlobCopyFailure) {
            let digest = try output.clone(input) ? self.digest(of: output, file) : self.write(input, to: output, file)
            guard digest == file.seal.sha256 else { throw BlobCopyFailure.damage(.wrongDigest) }
            try self.target.writing(output.descriptor.synchronize())
        } catch {
            try self.target.writing(self.target.remove(file.id))
            throw error
        }
    }

    private func open(_ file: SealedFile) throws(BlobCopyFailure) -> OpenFile {
        let input = try self.source.reading(self.source.open(file.id))
        let size = try self.source.reading(input.descriptor.status().size)
        guard size == file.size.bytes else {
            throw .damage(.wrongLength(expected: file.size.bytes, found: size))
        }
        return input
    }

    /// A clone has the other's bytes: what is wrong with them is wrong there.
    private func digest(of clone: OpenFile, _ file: SealedFile) throws(BlobCopyFailure) -> SHA256Digest? {
        try self.source.reading(clone.digest(at: 0, count: file.size.bytes))
    }

    private func write(
        _ input: OpenFile, to output: OpenFile, _ file: SealedFile
    ) throws(BlobCopyFailure) -> SHA256Digest? {
        var hasher = SHA256()
        var done: Int64 = 0
        while done < file.size.bytes {
            let piece = try self.source.reading(input.descriptor.read(count: OpenFile.pieceLength, at: done))
            guard !piece.isEmpty else { return nil }
            hasher.update(piece.span.bytes)
            try self.target.writing(output.descriptor.writeAll(piece, at: done))
            done += Int64(piece.count)
        }
        return hasher.digest()
    }
}
