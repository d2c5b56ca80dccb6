import CloakroomCrypto
import CloakroomDomain
import Metrics
import NIOCore
import NIOPosix
import Synchronization

import Glibc

/// Adds bodies to packs: whatever has queued up while a group was being flushed goes into the next one.
///
/// A slot says everything that its row will, so the group's flush makes the seal durable: the row is committed without
/// a flush of its own, and start-up seals from the slots of a pack that was not ended. Before a pack is ended, and at
/// a shutdown, the rows are flushed.
///
/// `@unchecked Sendable`: `active`, `used` and `written` are touched only on the one thread of `thread`, everything else is
/// `Sendable`. A thread that blocks cannot be an actor's.
final class PackWriter: @unchecked Sendable {
    /// What became of a body.
    enum Outcome: Sendable {
        /// It is durable there.
        case packed(PackSlot)
        /// The disk has no room for another pack.
        case noRoom
    }

    /// One caller's body.
    private struct Job: Sendable {
        let id: FileID
        let seal: FileRecord.Seal
        let body: ByteBuffer
        let completion: @Sendable (Result<Outcome, StorageError>) -> Void

        var slotLength: Int { PackSlotHeader.slotLength(bodyLength: self.body.readableBytes) }
    }

    private struct Queue {
        var jobs: [Job] = []
        var isDraining = false
    }

    /// The most bytes of one group.
    private static let groupLength = 2 * 1_024 * 1_024
    /// A group of up to so many bytes is followed by zeros.
    ///
    /// A flush of what is overwritten then writes no metadata, and takes a third of the time. A longer one would write more zeros than that is worth.
    private static let shortGroup = 128 * 1_024
    private static let writtenAhead = 1_024 * 1_024
    /// Room on the disk, beside the reserve, below which no pack is made: small bodies then get a file each.
    private static let packsOfRoom: Int64 = 4

    private let directory: Int32
    private let staging: Int32
    private let packLength: Int64
    private let health: StorageHealth
    private let catalog: Catalog
    private let thread = NIOThreadPool(numberOfThreads: 1)
    /// Ends packs and gives slots back, beside the thread that adds.
    private let helper = NIOThreadPool(numberOfThreads: 1)
    private let queue = Mutex(Queue())
    private let groupSizes = Recorder(label: "cloakroom_pack_group_size", aggregate: true)
    private var active: (pack: PackFile, secret: [UInt8])?
    private var lastID: PackID?
    private var used = Int64(PackFile.headerLength)
    /// Up to where the active pack has been written, with zeros beyond what is used.
    private var written = Int64(PackFile.headerLength)

    init(directory: Int32, staging: Int32, packLength: Int64, catalog: Catalog, health: StorageHealth) {
        self.catalog = catalog
        self.directory = directory
        self.staging = staging
        self.packLength = packLength
        self.health = health
        self.thread.start()
        self.helper.start()
    }

    /// Adds a body to a pack.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - seal: The SHA-256 of the body, and the time.
    ///   - body: At most ``PackStore/maximumBodyLength`` bytes.
    ///   - completion: Called once the body is durable, or is not going to be; on a thread that it must not hold up.
    func append(
        _ id: FileID, _ seal: FileRecord.Seal, _ body: ByteBuffer,
        completion: @escaping @Sendable (Result<Outcome, StorageError>) -> Void
    ) {
        let job = Job(id: id, seal: seal, body: body, completion: completion)
        let startsDraining = self.queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.isDraining = true }
            return !queue.isDraining
        }
        guard startsDraining else { return }
        self.thread.submit { state in
            switch state {
            case .active: self.drain()
            case .cancelled: self.cancel()
            }
        }
    }

    private func cancel() {
        let jobs = self.queue.withLock { queue in
            defer { queue = Queue() }
            return queue.jobs
        }
        for job in jobs { job.completion(.failure(.writesRefused("the server is shutting down"))) }
    }

    // MARK: On the thread

    private func drain() {
        while true {
            let group = self.queue.withLock { queue -> [Job] in
                var length = 0
                let count = queue.jobs.prefix { job in
                    length += job.slotLength
                    return length <= Self.groupLength
                }.count
                let group = Array(queue.jobs.prefix(count))
                queue.jobs.removeFirst(count)
                queue.isDraining = !group.isEmpty
                return group
            }
            guard !group.isEmpty else { return }
            self.add(group[...])
        }
    }

    /// Adds a group, in as many packs as it takes.
    private func add(_ group: ArraySlice<Job>) {
        var rest = group
        while let first = rest.first {
            do throws(StorageError) {
                try self.health.checkWrites()
                guard let (pack, secret) = self.pack(for: first.slotLength) else {
                    for job in rest { job.completion(.success(.noRoom)) }
                    return
                }
                let fitting = self.fitting(rest)
                let slots = try self.write(fitting, to: pack, secret)
                self.groupSizes.record(slots.count)
                for (job, slot) in zip(fitting, slots) { job.completion(.success(.packed(slot))) }
                rest = rest.dropFirst(fitting.count)
            } catch {
                for job in rest { job.completion(.failure(error)) }
                return
            }
        }
    }

    private func fitting(_ jobs: ArraySlice<Job>) -> ArraySlice<Job> {
        var end = self.used
        return jobs.prefix { job in
            end += Int64(job.slotLength)
            return end <= self.limit
        }
    }

    /// No slot reaches the full length, by which start-up knows a pack that was not ended.
    private var limit: Int64 { self.packLength - Int64(PackSlotHeader.alignment) }

    private func write(
        _ jobs: ArraySlice<Job>, to pack: PackFile, _ secret: [UInt8]
    ) throws(StorageError) -> [PackSlot] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(jobs.reduce(0) { $0 + $1.slotLength })
        var slots: [PackSlot] = []
        for job in jobs {
            let slot = PackSlot(
                pack: pack.id, offset: self.used + Int64(bytes.count), bodyLength: job.body.readableBytes)
            let end = bytes.count + slot.length
            PackSlotHeader(slot: slot, id: job.id, seal: job.seal).append(to: &bytes, secret: secret)
            job.body.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
            slots.append(slot)
        }
        let end = self.used + Int64(bytes.count)
        if end > self.written {
            if bytes.count <= Self.shortGroup {
                let ahead = min(Self.writtenAhead, Int(self.limit - end))
                bytes.append(contentsOf: repeatElement(0, count: ahead))
            }
            self.written = self.used + Int64(bytes.count)
        }
        do throws(SystemCallError) {
            try pack.write(bytes, at: self.used)
            try pack.synchronizeData()
        } catch {
            throw self.takeBack(error, bytes.count, pack)
        }
        self.used = end
        return slots
    }

    /// Makes sure after a failure that start-up does not believe slots whose clients are told of it.
    ///
    /// What was to be flushed may be lost, and a flush is never repeated: no more writes are accepted. A file system that
    /// writes nothing in place can be too full to write, though; deletions must go on then.
    private func takeBack(_ error: SystemCallError, _ length: Int, _ pack: PackFile) -> StorageError {
        self.written = self.used
        do throws(SystemCallError) {
            guard error.call == .write, error.storageError == .full else { throw error }
            try pack.giveBack(self.used, Int64(length))
            try pack.synchronize()
        } catch {
            self.health.refuseWrites("pack \(pack.id.fileName): \(error)")
        }
        return error.storageError
    }

    // MARK: Packs

    /// The pack that takes the next slot; `nil` where there is no room for another.
    private func pack(for length: Int) -> (PackFile, [UInt8])? {
        if let active, self.used + Int64(length) <= self.limit { return active }
        if let full = self.active { self.end(full.pack, self.used) }
        self.active = self.makePack()
        self.used = Int64(PackFile.headerLength)
        self.written = self.used
        return self.active
    }

    /// Makes a pack, unless the disk is nearly full.
    private func makePack() -> (PackFile, [UInt8])? {
        let wanted = BlobStore.reserveBytes + Self.packsOfRoom * self.packLength
        guard let free = BlobStore.freeBytes(of: self.staging), free >= wanted,
            let secret = try? RandomBytes.generate(count: PackFile.secretLength)
        else { return nil }
        let id = PackID.next(after: self.lastID, milliseconds: Self.milliseconds)
        self.lastID = id
        guard let pack = try? PackFile(making: id, at: self.staging, length: self.packLength, secret: secret),
            self.publish(pack)
        else { return nil }
        return (pack, secret)
    }

    private static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Gives a pack its name, durably.
    private func publish(_ pack: PackFile) -> Bool {
        guard renameat(self.staging, pack.id.fileName, self.directory, pack.id.fileName) == 0 else {
            unlinkat(self.staging, pack.id.fileName, 0)
            return false
        }
        guard fsync(self.directory) == 0 else {
            self.health.refuseWrites("\(SystemCallError(.fsync))")
            return false
        }
        return true
    }

    /// Cuts a full pack to what was used, once its rows are durable; start-up does so where this fails.
    ///
    /// The rows of its slots are queued at the catalogue already, before what flushes them.
    private func end(_ pack: PackFile, _ used: Int64) {
        self.catalog.flush { outcome in
            guard case .success = outcome else { return }
            self.helper.submit { _ in
                do throws(SystemCallError) {
                    try self.cut(pack, used)
                } catch {
                    if error.call == .fsync { self.health.refuseWrites("pack \(pack.id.fileName): \(error)") }
                }
            }
        }
    }

    private func cut(_ pack: PackFile, _ used: Int64) throws(SystemCallError) {
        try pack.cut(to: used)
        // All of its bodies may have been deleted already.
        _ = try pack.removeIfEmpty(self.directory)
    }

    /// Runs work that blocks on the disk, and for which nobody waits.
    func help(_ body: @escaping @Sendable () -> Void) {
        self.helper.submit { if $0 == .active { body() } }
    }

    /// Ends everything after the bodies that are queued.
    ///
    /// The catalogue is still open: it has to make the rows durable. Where it cannot, the pack is left as it is, and
    /// start-up finds the seals in it.
    func shutDown() async throws {
        try await self.thread.shutdownGracefully()
        let isDurable: Bool
        do throws(StorageError) {
            try await self.catalog.checkWritable()
            isDurable = true
        } catch {
            isDurable = false
        }
        try await self.helper.shutdownGracefully()
        // The thread has ended: nobody else touches these.
        if let active, isDurable { try self.cut(active.pack, self.used) }
    }
}
