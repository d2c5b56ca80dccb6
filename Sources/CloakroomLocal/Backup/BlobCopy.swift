import CloakroomDisk
import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import CloakroomSystem

/// Copies blobs that have files of their own, by cloning where the file system can.
///
/// Each is held to its digest.
struct BlobCopy {
    let source: BlobSource
    /// The data directory's or the backup's path.
    let sourcePath: String
    let target: BlobTarget
    let targetPath: String

    /// Copies a blob; on return its bytes are durable, and its name is not yet; after a failure there is nothing of it
    /// in the new store.
    func copy(_ file: SealedFile) throws(BlobCopyFailure) {
        let input = try self.open(file)
        guard self.target.hasRoom(for: file.size.bytes) else { throw .copy(.full(path: self.targetPath)) }
        let output = try self.make(file)
        do throws(BlobCopyFailure) {
            let digest = try output.clone(input) ? self.digest(of: output, file) : self.write(input, to: output, file)
            guard digest == file.seal.sha256 else { throw BlobCopyFailure.damage(.wrongDigest) }
            try self.writing { () throws(SystemCallError) in try output.descriptor.synchronize() }
        } catch {
            try self.writing { () throws(SystemCallError) in try self.target.remove(file.id) }
            throw error
        }
    }

    private func open(_ file: SealedFile) throws(BlobCopyFailure) -> OpenFile {
        let input = try self.reading { () throws(SystemCallError) in try self.source.open(file.id) }
        let size = try self.reading { () throws(SystemCallError) in try input.descriptor.status().size }
        guard size == file.size.bytes else {
            throw .damage(.wrongLength(expected: file.size.bytes, found: size))
        }
        return input
    }

    private func make(_ file: SealedFile) throws(BlobCopyFailure) -> OpenFile {
        try self.writing { () throws(SystemCallError) in try self.target.make(file.id) }
    }

    /// A clone has the other's bytes: what is wrong with them is wrong there.
    private func digest(of clone: OpenFile, _ file: SealedFile) throws(BlobCopyFailure) -> SHA256Digest? {
        try self.reading { () throws(SystemCallError) in try clone.digest(at: 0, count: file.size.bytes) }
    }

    private func write(
        _ input: OpenFile, to output: OpenFile, _ file: SealedFile
    ) throws(BlobCopyFailure) -> SHA256Digest? {
        var hasher = SHA256()
        var done: Int64 = 0
        while done < file.size.bytes {
            let offset = done
            let piece = try self.reading { () throws(SystemCallError) in
                try input.descriptor.read(count: OpenFile.pieceLength, at: offset)
            }
            guard !piece.isEmpty else { return nil }
            hasher.update(piece.span.bytes)
            try self.writing { () throws(SystemCallError) in try output.descriptor.writeAll(piece, at: offset) }
            done += Int64(piece.count)
        }
        return hasher.digest()
    }

    private func reading<Value>(
        _ body: () throws(SystemCallError) -> Value
    ) throws(BlobCopyFailure) -> Value {
        do throws(SystemCallError) {
            return try body()
        } catch {
            throw BlobCopyFailure(reading: error, at: self.sourcePath)
        }
    }

    private func writing<Value>(
        _ body: () throws(SystemCallError) -> Value
    ) throws(BlobCopyFailure) -> Value {
        do throws(SystemCallError) {
            return try body()
        } catch {
            throw BlobCopyFailure(writing: error, at: self.targetPath)
        }
    }
}
