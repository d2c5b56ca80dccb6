import CLinux
import CloakroomCrypto
import CloakroomDomain
import CloakroomSystem
import CloakroomStore
import NIOCore

import Glibc

/// How bytes get into memory, or into a file.
extension StagedBlob {
    /// Files of this length and more are written directly to the disk, past the page cache: copying a large body into
    /// memory that nobody may ever read costs more than writing it, and pushes out what others read.
    private static let directLength: Int64 = 1_024 * 1_024

    func keep(_ chunk: ByteBuffer, _ state: inout State) throws(SystemCallError) {
        guard self.keepsBytes else { return }
        guard let whole = state.whole else { return try self.write(chunk, &state) }
        if state.verifier.count <= Int64(PackStore.maximumBodyLength) {
            if whole.readableBytes == 0 { state.whole = chunk } else { state.whole?.writeImmutableBuffer(chunk) }
        } else {
            try self.moveToFile(&state)
            try self.write(chunk, &state)
        }
    }

    /// Writes bytes that were kept in memory to a file.
    func moveToFile(_ state: inout State) throws(SystemCallError) {
        guard let whole = state.whole else { return }
        state.whole = nil
        try self.write(whole, &state)
    }

    private func write(_ chunk: ByteBuffer, _ state: inout State) throws(SystemCallError) {
        if state.file == nil { try self.createFile(&state) }
        let result = chunk.withUnsafeReadableBytes { buffer in
            Result { () throws(SystemCallError) in
                // The buffer is readable for the call; writing keeps nothing of it.
                if let direct = state.direct {
                    try Self.write(buffer, through: direct, &state)
                } else {
                    try state.file?.writeAll(buffer)
                }
            }
        }
        try result.get()
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, through buffer: AlignedBuffer, _ state: inout State
    ) throws(SystemCallError) {
        var rest = bytes
        while !rest.isEmpty {
            rest = UnsafeRawBufferPointer(rebasing: rest[buffer.fill(from: rest)...])
            guard buffer.isFull else { return }
            try self.writeDirectly(buffer, &state)
        }
    }

    /// Writes an aligned buffer; where the file system wants another alignment, the file goes on through the page cache.
    private static func writeDirectly(_ buffer: AlignedBuffer, _ state: inout State) throws(SystemCallError) {
        let written = try self.writeOnce(buffer, &state)
        if written < buffer.count {
            try self.leaveDirectWriting(&state)
            try state.file?.writeAll(UnsafeRawBufferPointer(rebasing: buffer.bytes[written...]))
        }
        buffer.clear()
    }

    private static func writeOnce(
        _ buffer: AlignedBuffer, _ state: inout State
    ) throws(SystemCallError) -> Int {
        guard let system = state.file?.system, let descriptor = state.file?.rawValue else { return 0 }
        return try retryingInterrupted { () throws(SystemCallError) in
            do throws(SystemCallError) {
                return try system.write(buffer.bytes, to: descriptor)
            } catch {
                guard error.code == EINVAL else { throw error }
                return 0
            }
        }
    }

    private static func leaveDirectWriting(_ state: inout State) throws(SystemCallError) {
        guard let system = state.file?.system, let descriptor = state.file?.rawValue else { return }
        try system.setFlags(of: descriptor, O_WRONLY)
    }

    /// Writes what has gathered; an end that is no whole page goes through the page cache.
    func writeRest(_ state: inout State) throws(SystemCallError) {
        guard let direct = state.direct, direct.count > 0 else { return }
        if !direct.count.isMultiple(of: AlignedBuffer.alignment) { try Self.leaveDirectWriting(&state) }
        try Self.writeDirectly(direct, &state)
    }

    private func createFile(_ state: inout State) throws(SystemCallError) {
        if case .exactly(let size) = self.length, size.bytes >= Self.directLength {
            do throws(SystemCallError) {
                try self.createFile(&state, flags: O_WRONLY | CLOAKROOM_O_DIRECT)
                state.direct = self.store.alignedBuffers.borrow()
                return
            } catch {
                // A file system that has no direct writes says so.
                guard error.code == EINVAL else { throw error }
                // It may have made the file before it said so.
                if let name = state.temporaryName { try? self.store.stagingDirectory.remove(name) }
            }
        }
        try self.createFile(&state, flags: O_WRONLY)
    }

    private func createFile(_ state: inout State, flags: Int32) throws(SystemCallError) {
        switch self.store.staging {
        case .unnamed:
            state.file = try self.store.directory(of: self.fileID).makeUnnamed(flags: flags)
        case .named:
            let name = self.store.nextTemporaryName()
            state.temporaryName = name
            state.file = try self.store.stagingDirectory.open(name, flags: O_CREAT | O_EXCL | O_NOFOLLOW | flags)
        }
    }
}
