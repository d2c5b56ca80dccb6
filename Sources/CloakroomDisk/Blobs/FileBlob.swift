import CloakroomCrypto
import CloakroomDomain
package import CloakroomStore
import CloakroomSystem
package import NIOCore
import NIOPosix
import Synchronization

/// A sealed blob open for reading: it stays readable when it is deleted meanwhile.
///
/// Shared by everyone who reads the blob at a time; the last one closes it.
package final class FileBlob: OpenBlob {
    /// The bytes of a small blob are kept with it: copying them costs less than asking the kernel for them.
    private static let keptLength = 8 * 1_024

    enum Place {
        case ownFile(OwnFile)
        case pack(PackFile, PackReading)

        var system: any OperatingSystem {
            switch self {
            case .ownFile(let file): file.descriptor.system
            case .pack(let pack, _): pack.system
            }
        }
    }

    final class OwnFile: Sendable {
        let descriptor: CloakroomSystem.FileDescriptor

        init(_ descriptor: consuming CloakroomSystem.FileDescriptor) {
            self.descriptor = descriptor
        }
    }

    /// What keeps the descriptor open.
    let place: Place
    private let threads: NIOThreadPool
    let descriptor: Int32
    let offset: Int64
    let kept: [UInt8]?
    let isVerified = Atomic(false)
    /// What the row says.
    package let placement: Placement

    private init(
        _ place: Place, _ descriptor: Int32, offset: Int64, _ placement: Placement, _ threads: NIOThreadPool
    ) {
        self.place = place
        self.threads = threads
        self.descriptor = descriptor
        self.offset = offset
        self.placement = placement
        let size = placement.size.bytes
        self.kept =
            size <= Self.keptLength
            ? Self.readCached(descriptor, count: Int(size), offset: offset, place.system) : nil
    }

    convenience init(file: consuming CloakroomSystem.FileDescriptor, _ placement: Placement, _ threads: NIOThreadPool) {
        let descriptor = file.rawValue
        self.init(.ownFile(OwnFile(file)), descriptor, offset: 0, placement, threads)
    }

    convenience init(
        pack: PackFile, slot: PackSlot, reading: PackReading, _ placement: Placement, _ threads: NIOThreadPool
    ) {
        self.init(.pack(pack, reading), pack.rawDescriptor, offset: slot.bodyOffset, placement, threads)
    }

    var size: Int64 { self.placement.size.bytes }

    /// The part of a file that the blob is; a packed blob's bytes must be copied when they are sent.
    package var fileRange: FileRange? {
        let mustBeCopied = if case .pack = self.place { true } else { false }
        return FileRange(descriptor: self.descriptor, offset: self.offset, mustBeCopied: mustBeCopied)
    }

    /// Whether the blob is small and has not been verified since it was opened.
    package var needsLoading: Bool { self.placement.isSmall && !self.isVerified.load(ordering: .acquiring) }

    /// Verifies a small blob that has just been opened, if all of it is in memory.
    package func verifyCached(isKnown: Bool) throws(StorageError) -> Bool {
        if isKnown {
            guard self.kept != nil || self.isCached(0..<self.size) else { return false }
        } else {
            let bytes =
                self.kept
                ?? Self.readCached(
                    self.descriptor, count: Int(self.size), offset: self.offset, self.place.system)
            guard let bytes else { return false }
            guard SHA256.hash(bytes) == self.placement.digest else { throw .damaged(.digest) }
        }
        self.isVerified.store(true, ordering: .releasing)
        return true
    }

    /// Reads a small blob as a whole, verifies it, and returns a part of it.
    private func verifiedBytes(_ range: Range<Int64>) throws(StorageError) -> ByteBuffer {
        var whole = try self.readBytes(0..<self.size)
        let digest = whole.withUnsafeReadableBytes { buffer in
            // The buffer is readable for the call; hashing keeps nothing of it.
            SHA256.hash(buffer.bytes)
        }
        self.isVerified.store(digest == self.placement.digest, ordering: .releasing)
        guard digest == self.placement.digest else { throw .damaged(.digest) }
        whole.moveReaderIndex(forwardBy: Int(range.lowerBound))
        return whole.readSlice(length: range.count) ?? ByteBuffer()
    }

    /// Reads a part, waiting for the disk where needed; throws where the file is shorter than it was.
    private func readBytes(_ range: Range<Int64>) throws(StorageError) -> ByteBuffer {
        var buffer = ByteBuffer()
        var outcome = Result<Int, StorageError>.success(0)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { bytes in
            // `minimumWritableBytes` makes room for the whole range; as many as are returned were written.
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes[..<range.count])
            outcome = Result { () throws(StorageError) in try self.read(into: room, offset: range.lowerBound) }
            return (try? outcome.get()) ?? 0
        }
        let count = try outcome.get()
        guard count == range.count else {
            throw .damaged(.length(expected: self.size, found: range.lowerBound + Int64(count)))
        }
        return buffer
    }

    /// A part of a file, if all of it is in memory.
    private static func readCached(
        _ descriptor: Int32, count: Int, offset: Int64, _ system: any OperatingSystem
    ) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            // As many bytes as the call says were written to the front of the room.
            let room = UnsafeMutableRawBufferPointer(room)
            initialized = (try? system.readCached(into: room, from: descriptor, at: offset)) ?? 0
        }
        return bytes.count == count ? bytes : nil
    }

    /// Reads a small blob as a whole and verifies it.
    package func load() async throws(StorageError) {
        try await self.threads.runBlocking { () throws(StorageError) in
            _ = try self.verifiedBytes(0..<self.size)
        }
    }

    /// Reads a part, waiting for the disk where needed; of a small blob from the whole, which is verified.
    package func bytes(_ range: Range<Int64>) async throws(StorageError) -> ByteBuffer {
        try await self.threads.runBlocking { () throws(StorageError) in
            try self.placement.isSmall ? self.verifiedBytes(range) : self.readBytes(range)
        }
    }

    /// Calls a function with a part of the bytes, if they are kept in memory.
    package func withKeptBytes(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        guard let kept, range.upperBound <= Int64(kept.count) else { return false }
        kept.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
        return true
    }

    /// Reads, waiting for the disk where needed; fewer bytes than asked for only at the end.
    private func read(into buffer: UnsafeMutableRawBufferPointer, offset: Int64) throws(StorageError) -> Int {
        do throws(SystemCallError) {
            let room = self.part(of: buffer, at: offset)
            return switch self.place {
            case .ownFile(let file): try file.descriptor.read(into: room, at: self.offset + offset)
            case .pack(let pack, _): try pack.read(into: room, at: self.offset + offset)
            }
        } catch {
            throw error.storageError
        }
    }
}
