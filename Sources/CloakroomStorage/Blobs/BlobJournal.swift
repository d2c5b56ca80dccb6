import CLinux
import CloakroomCrypto
import CloakroomDomain
import NIOPosix

import Glibc

/// Makes small bodies durable together: one sequential write and one flush for all that end at the same time.
///
/// A small blob's file costs two flushes by itself, of the file and of its directory. Here its bytes are first appended
/// to a journal, which is flushed once for all of a group; its file is then written without a flush. A crash may take
/// the file or leave it torn: start-up finds the bytes in the journal and puts the file right before any request.
///
/// Two segments take turns. When one is full, the other goes on, and the file system is flushed as a whole (`syncfs`);
/// only then may the first be overwritten. A record is whole if its header's digest and its body's are right, and
/// belongs to its segment if its generation is that of the segment's first record.
///
/// `@unchecked Sendable`: every `var` is read and written with `lock` held, every `let` is `Sendable`. A `Mutex` has no
/// condition to wait on, which a group that flushes together needs.
final class BlobJournal: @unchecked Sendable {
    /// Bodies up to this length go through the journal.
    static let maximumBodyLength = 16 * 1_024
    static let fileName = "journal"
    static let segmentCount = 2

    /// A body that is in the journal and whose file is about to be written; ``applied(_:)`` ends it.
    struct Entry {
        fileprivate let segment: Int
    }

    private struct Segment {
        /// Where the next record goes, from the segment's start.
        var used = 0
        /// Records whose file has not been written yet.
        var outstanding = 0
        /// Whether it holds records whose files may not be on the disk.
        var isDirty = false
    }

    private let file: FileDescriptor
    private let health: StorageHealth
    private let segmentLength: Int
    /// Runs the file system's flush while the other segment takes records.
    private let flusher = NIOThreadPool(numberOfThreads: 1)
    private let lock = ConditionMutex()
    private var segments = [Segment](repeating: Segment(), count: segmentCount)
    private var current = 0
    private var generation: UInt64
    /// Records that wait for the next flush, and where their first goes in the file.
    private var pending: [UInt8] = []
    private var pendingOffset = 0
    private var nextSequence: UInt64 = 1
    private var durableSequence: UInt64 = 0
    private var isFlushing = false
    /// Whether a segment that is full waits for the file system's flush.
    ///
    /// A flush's outcome is told once for a descriptor: no other flush may take it.
    private var isCheckpointing = false
    private var failure: StorageError?

    /// Opens the journal of a directory, creating it with all the room it will ever take.
    ///
    /// - Parameters:
    ///   - directory: The directory of the blobs.
    ///   - segmentLength: The length of each of the two segments, in bytes.
    ///   - health: Told of a failed flush.
    /// - Throws: The call that failed.
    init(at directory: Int32, segmentLength: Int, health: StorageHealth) throws(SystemCallError) {
        self.file = try FileDescriptor(at: directory, Self.fileName, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        self.segmentLength = segmentLength
        self.health = health
        let length = Int64(segmentLength * Self.segmentCount)
        if try self.file.status().size < length {
            // Written, not only allocated: a flush of what is overwritten later then writes no metadata.
            let zeros = [UInt8](repeating: 0, count: 1_024 * 1_024)
            var offset = Int64(0)
            while offset < length {
                let count = min(zeros.count, Int(length - offset))
                let descriptor = self.file.rawValue
                let outcome = zeros.withUnsafeBytes { bytes in
                    Self.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]), to: descriptor, at: offset)
                }
                try outcome.get()
                offset += Int64(count)
            }
            try self.file.synchronize()
        }
        var generator = SystemRandomNumberGenerator()
        // Never that of a record which an earlier process left.
        self.generation = generator.next()
        self.flusher.start()
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) -> Result<Void, SystemCallError> {
        Result { () throws(SystemCallError) in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let position = off_t(offset) + off_t(done)
                done += try retryingInterrupted(.write) { pwrite(descriptor, rest.baseAddress, rest.count, position) }
            }
        }
    }

    // MARK: Writing

    /// Appends a body and returns when it is durable; blocks.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - digest: The SHA-256 of the body.
    ///   - body: At most ``maximumBodyLength`` bytes.
    /// - Returns: The entry, to be ended once the file has been written, or could not be; `nil` where the journal has
    ///   been given up for want of room.
    /// - Throws: ``StorageError`` where the body may not be durable.
    func append(_ id: FileID, _ digest: SHA256Digest, _ body: UnsafeRawBufferPointer) throws(StorageError) -> Entry? {
        self.lock.lock()
        defer { self.lock.unlock() }
        if self.failure == .full { return nil }
        let length = BlobJournalRecord.length(bodyLength: body.count)
        try self.makeRoom(for: length)
        let entry = Entry(segment: self.current)
        let sequence = self.nextSequence
        self.nextSequence += 1
        if self.pending.isEmpty {
            self.pendingOffset = self.current * self.segmentLength + self.segments[self.current].used
        }
        BlobJournalRecord.append(id, digest, body, generation: self.generation, to: &self.pending)
        self.segments[self.current].used += length
        self.segments[self.current].outstanding += 1
        self.segments[self.current].isDirty = true
        do throws(StorageError) {
            while self.durableSequence < sequence { try self.flushOrWait() }
        } catch {
            self.segments[entry.segment].outstanding -= 1
            self.lock.broadcast()
            throw error
        }
        return entry
    }

    /// Notes that an entry's file has been written, or that none will be.
    func applied(_ entry: Entry) {
        self.lock.lock()
        self.segments[entry.segment].outstanding -= 1
        self.lock.broadcast()
        self.lock.unlock()
    }

    /// Whoever finds nobody flushing flushes for all; the others wait.
    private func flushOrWait() throws(StorageError) {
        if let failure { throw failure }
        guard !self.isFlushing else { return self.lock.wait() }
        self.isFlushing = true
        let (bytes, offset, last) = (self.pending, Int64(self.pendingOffset), self.nextSequence - 1)
        self.pending = []
        self.lock.unlock()
        let outcome = bytes.withUnsafeBytes { Self.write($0, to: self.file.rawValue, at: offset) }
        let error: SystemCallError? =
            switch outcome {
            case .failure(let error): error
            case .success: fdatasync(self.file.rawValue) == 0 ? nil : SystemCallError(.fsync)
            }
        self.lock.lock()
        self.isFlushing = false
        if let error { self.fail(error) } else { self.durableSequence = last }
        self.lock.broadcast()
    }

    /// What was to be flushed may be lost: nothing more is accepted, and a flush is never repeated.
    private func fail(_ error: SystemCallError) {
        self.failure = error.storageError
        // A file system that writes nothing in place can be too full even for this. Nothing was flushed, so nothing is
        // lost; the next upload goes without the journal, and deletions go on.
        guard error.call != .write || self.failure != .full else { return }
        self.health.refuseWrites(error.description)
    }

    /// Goes on in the other segment where this one is full, as soon as that one may be overwritten.
    private func makeRoom(for length: Int) throws(StorageError) {
        while self.segments[self.current].used + length > self.segmentLength {
            if let failure { throw failure }
            let next = (self.current + 1) % Self.segmentCount
            if !self.pending.isEmpty || self.isFlushing {
                // What is pending belongs to this segment.
                try self.flushOrWait()
            } else if self.segments[next].isDirty {
                self.lock.wait()
            } else {
                let full = self.current
                self.current = next
                self.segments[next].used = 0
                self.generation &+= 1
                self.isCheckpointing = true
                self.flusher.submit { _ in self.checkpoint(full) }
            }
        }
    }

    /// Makes the files of a segment's records durable, after which it may be overwritten.
    private func checkpoint(_ segment: Int) {
        self.lock.lock()
        while self.segments[segment].outstanding > 0 { self.lock.wait() }
        self.lock.unlock()
        let error = syncfs(self.file.rawValue) == 0 ? nil : SystemCallError(.syncfs)
        self.lock.lock()
        self.isCheckpointing = false
        if let error { self.fail(error) } else { self.segments[segment].isDirty = false }
        self.lock.broadcast()
        self.lock.unlock()
    }

    /// Makes every file durable and forgets the records, so that the next start finds none.
    ///
    /// - Throws: ``StorageError``; the records are then still there.
    func reset() throws(StorageError) {
        self.lock.lock()
        defer { self.lock.unlock() }
        while self.segments.contains(where: { $0.outstanding > 0 }) || self.isFlushing || self.isCheckpointing {
            self.lock.wait()
        }
        if let failure { throw failure }
        do throws(SystemCallError) {
            guard syncfs(self.file.rawValue) == 0 else { throw SystemCallError(.syncfs) }
            let zeros = [UInt8](repeating: 0, count: BlobJournalRecord.headerLength)
            for segment in 0..<Self.segmentCount {
                let offset = Int64(segment * self.segmentLength)
                try zeros.withUnsafeBytes { Self.write($0, to: self.file.rawValue, at: offset) }.get()
            }
            try self.file.synchronize()
        } catch {
            self.fail(error)
            throw error.storageError
        }
        self.segments = [Segment](repeating: Segment(), count: Self.segmentCount)
        self.generation &+= 1
    }

    /// Ends the thread; the journal is not used afterwards.
    func shutDown() async throws {
        try await self.flusher.shutdownGracefully()
    }

    // MARK: Reading

    /// Calls a function with every record, each segment's in their order; nothing is appended meanwhile.
    ///
    /// - Parameter body: Receives the record; its body's bytes are valid during the call only.
    /// - Throws: What the function throws, or a failure of the disk.
    func forEachRecord(_ body: (BlobJournalRecord) throws(StorageError) -> Void) throws(StorageError) {
        for segment in 0..<Self.segmentCount {
            // Nearly every start finds none.
            let start = try self.read(BlobJournalRecord.headerLength, of: segment)
            guard BlobJournalRecord.isHeader(start[...]) else { continue }
            let content = try self.read(self.segmentLength, of: segment)
            var position = 0
            var generation: UInt64?
            while let record = BlobJournalRecord(content[position...]),
                record.generation == generation ?? record.generation
            {
                try body(record)
                generation = record.generation
                position += record.length
            }
        }
    }

    private func read(_ length: Int, of segment: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        do throws(SystemCallError) {
            let count = try retryingInterrupted(.read) {
                pread(self.file.rawValue, &bytes, length, off_t(segment * self.segmentLength))
            }
            guard count == length else { throw SystemCallError(.read, code: EIO) }
        } catch {
            throw error.storageError
        }
        return bytes
    }
}
