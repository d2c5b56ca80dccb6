import CloakroomCrypto
public import CloakroomDomain
import NIOCore
import Synchronization

import Glibc

/// A sealed blob open for reading: it stays readable when it is deleted meanwhile.
///
/// Shared by everyone who reads the blob at a time; the last one closes it.
public final class OpenBlob: Sendable {
    /// The bytes of a small blob are kept with it: copying them costs less than asking the kernel for them.
    private static let keptLength = 8 * 1_024

    private enum Place {
        case ownFile(OwnFile)
        case pack(PackFile, PackReading)

        var system: any OperatingSystem {
            switch self {
            case .ownFile(let file): file.descriptor.system
            case .pack(let pack, _): pack.system
            }
        }
    }

    private final class OwnFile: Sendable {
        let descriptor: FileDescriptor

        init(_ descriptor: consuming FileDescriptor) {
            self.descriptor = descriptor
        }
    }

    /// What keeps the descriptor open.
    private let place: Place
    private let kept: [UInt8]?
    /// The descriptor, open as long as this object lives; it is nobody's to close.
    public let rawDescriptor: Int32
    /// Where the blob begins in the file, in bytes.
    public let fileOffset: Int64
    /// Whether its bytes must be copied when they are sent.
    ///
    /// A packed blob's, because the kernel takes them out of the pages of the file once it is deleted: what `sendfile` has
    /// put into a socket's buffer, and what is sent again, would turn into zeros.
    public var mustBeCopied: Bool {
        if case .pack = self.place { true } else { false }
    }
    /// Its length in bytes.
    public let size: ByteCount

    /// The file.
    let id: FileID
    /// The digest that was sealed.
    let digest: SHA256Digest
    /// Whether it is small enough to be verified whenever it is loaded.
    public var isSmall: Bool { self.size.bytes <= Int64(PackStore.maximumBodyLength) }
    private let isVerified = Atomic(false)
    /// Whether it is small and has not been verified since it was opened: it must not be sent yet.
    public var needsLoading: Bool { self.isSmall && !self.isVerified.load(ordering: .acquiring) }

    /// When the file ends; `nil` for one that stays.
    let expiresAt: Timestamp?
    /// Whose file it is.
    public let organization: OrganizationID
    /// How a download is described.
    public let representation: Representation

    private init(
        _ place: Place, _ descriptor: Int32, fileOffset: Int64, size: ByteCount, _ placement: Catalog.Placement
    ) {
        self.place = place
        self.rawDescriptor = descriptor
        self.fileOffset = fileOffset
        self.size = size
        self.id = placement.id
        self.digest = placement.digest
        self.expiresAt = placement.expiresAt
        self.organization = placement.organization
        self.representation = placement.representation
        self.kept =
            size.bytes <= Self.keptLength
            ? Self.readCached(descriptor, count: Int(size.bytes), offset: fileOffset, place.system) : nil
    }

    convenience init(file: consuming FileDescriptor, _ placement: Catalog.Placement) {
        let descriptor = file.rawValue
        self.init(.ownFile(OwnFile(file)), descriptor, fileOffset: 0, size: placement.size, placement)
    }

    convenience init(pack: PackFile, slot: PackSlot, reading: PackReading, _ placement: Catalog.Placement) {
        self.init(
            .pack(pack, reading), pack.rawDescriptor, fileOffset: slot.bodyOffset,
            size: ByteCount(inMemory: slot.bodyLength), placement)
    }

    /// Verifies a small blob that has just been opened, if all of it is in memory.
    ///
    /// - Parameter isKnown: Whether it was verified before: then what is in memory is what was verified.
    /// - Returns: Whether all of it is in memory.
    /// - Throws: ``StorageError/damaged(_:)``.
    func verifyCached(isKnown: Bool) throws(StorageError) -> Bool {
        if isKnown {
            guard self.kept != nil || self.isCached(0..<self.size.bytes) else { return false }
        } else {
            let bytes =
                self.kept
                ?? Self.readCached(
                    self.rawDescriptor, count: Int(self.size.bytes), offset: self.fileOffset, self.place.system)
            guard let bytes else { return false }
            guard SHA256.hash(bytes) == self.digest else { throw .damaged(.digest) }
        }
        self.isVerified.store(true, ordering: .releasing)
        return true
    }

    /// Reads a small blob as a whole, verifies it, and returns a part of it.
    ///
    /// - Parameter range: Offsets within the blob.
    /// - Returns: The bytes of the range.
    /// - Throws: ``StorageError/damaged(_:)``, or a failure of the disk.
    func verifiedBytes(_ range: Range<Int64>) throws(StorageError) -> ByteBuffer {
        var whole = try self.bytes(0..<self.size.bytes)
        let digest = whole.withUnsafeReadableBytes { buffer in
            // The buffer is readable for the call; hashing keeps nothing of it.
            SHA256.hash(buffer.bytes)
        }
        self.isVerified.store(digest == self.digest, ordering: .releasing)
        guard digest == self.digest else { throw .damaged(.digest) }
        whole.moveReaderIndex(forwardBy: Int(range.lowerBound))
        return whole.readSlice(length: range.count) ?? ByteBuffer()
    }

    /// Reads a part, waiting for the disk where needed.
    ///
    /// - Parameter range: Offsets within the blob.
    /// - Returns: The bytes of the whole range.
    /// - Throws: ``StorageError``, also where the file is shorter than it was.
    func bytes(_ range: Range<Int64>) throws(StorageError) -> ByteBuffer {
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
            throw .damaged(.length(expected: self.size.bytes, found: range.lowerBound + Int64(count)))
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

    /// Calls a function with a part of the bytes, if they are kept in memory.
    ///
    /// - Parameters:
    ///   - range: Offsets within the blob.
    ///   - body: Reads the bytes, which are valid during the call only.
    /// - Returns: What the function returned, or `nil` where it was not called.
    public func withKeptBytes<Result>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard let kept, range.upperBound <= Int64(kept.count) else { return nil }
        return kept.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]))
        }
    }

    /// What a read gave.
    public enum ReadOutcome: Sendable {
        /// So many bytes.
        case bytes(Int)
        /// The bytes are not in memory, and reading them would block.
        case wouldBlock
    }

    /// Reads what is in memory already, without waiting for the disk (`preadv2` with `RWF_NOWAIT`).
    ///
    /// - Parameters:
    ///   - buffer: Receives the bytes.
    ///   - offset: The first byte's offset.
    /// - Returns: How many bytes were read, or that the disk would have to be waited for.
    /// - Throws: ``StorageError`` for a failure of the disk.
    public func readCached(
        into buffer: UnsafeMutableRawBufferPointer, offset: Int64
    ) throws(StorageError) -> ReadOutcome {
        if let kept {
            let start = min(Int(offset), kept.count)
            let part = kept[start..<min(start + buffer.count, kept.count)]
            buffer.copyBytes(from: part)
            return .bytes(part.count)
        }
        let room = self.part(of: buffer, at: offset)
        do throws(SystemCallError) {
            let count = try self.place.system.readCached(
                into: room, from: self.rawDescriptor, at: self.fileOffset + offset)
            if count < room.count { self.noteIncomplete() }
            return .bytes(count)
        } catch {
            switch error.code {
            case EAGAIN:
                self.noteIncomplete()
                return .wouldBlock
            // The file system cannot tell.
            case EOPNOTSUPP, EINTR, ENOSYS: return .wouldBlock
            default: throw error.storageError
            }
        }
    }

    /// Lets a small blob that is not in memory any more be verified when it is loaded again, whoever asks first.
    private func noteIncomplete() {
        if self.isSmall { self.isVerified.store(false, ordering: .releasing) }
    }

    /// The part of a buffer that the blob can fill: what follows it in a pack is another's.
    private func part(of buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> UnsafeMutableRawBufferPointer {
        let count = Int(min(Int64(buffer.count), max(0, self.size.bytes - offset)))
        return UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
    }

    /// Whether the first and the last byte of a range are in memory, by which a whole piece is taken to be.
    ///
    /// - Parameter range: Offsets within the blob, of at least one byte.
    /// - Returns: `false` where reading would wait for the disk.
    public func isCached(_ range: Range<Int64>) -> Bool {
        guard self.kept == nil else { return true }
        var byte: UInt8 = 0
        for offset in [range.lowerBound, range.upperBound - 1] {
            let isThere = withUnsafeMutableBytes(of: &byte) { buffer in
                // One byte of room, for one byte read.
                if case .bytes(1) = try? self.readCached(into: buffer, offset: offset) { true } else { false }
            }
            guard isThere else { return false }
        }
        return true
    }

    /// Reads, waiting for the disk where needed.
    ///
    /// - Parameters:
    ///   - buffer: Receives the bytes.
    ///   - offset: The first byte's offset.
    /// - Returns: How many bytes were read; fewer than asked for only at the end.
    /// - Throws: ``StorageError`` for a failure of the disk.
    public func read(into buffer: UnsafeMutableRawBufferPointer, offset: Int64) throws(StorageError) -> Int {
        do throws(SystemCallError) {
            let room = self.part(of: buffer, at: offset)
            return switch self.place {
            case .ownFile(let file): try file.descriptor.read(into: room, at: self.fileOffset + offset)
            case .pack(let pack, _): try pack.read(into: room, at: self.fileOffset + offset)
            }
        } catch {
            throw error.storageError
        }
    }
}
