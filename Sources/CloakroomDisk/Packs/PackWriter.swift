import CloakroomDomain
import CloakroomStore
import CloakroomSystem
import DequeModule
import Logging
import Metrics
import NIOPosix
import Synchronization

/// Adds bodies to packs: whatever has queued up while a group was being flushed goes into the next one.
///
/// A slot says everything that its row will, so the group's flush makes the seal durable: the row is committed without
/// a flush of its own, and start-up seals from the slots of a pack that was not ended. Before a pack is ended, and at
/// a shutdown, the rows are flushed.
///
/// `@unchecked Sendable`: `active`, `uncommitted` and `lastID` are touched only on the one thread of `queue`, and by `shutDown` once
/// that has ended; every `let` is `Sendable`. A thread that blocks cannot be an actor's.
final class PackWriter: GroupProcessor, @unchecked Sendable {
    /// What became of a body.
    enum Outcome: Sendable {
        /// It is durable there; its row has to be committed as long as the second value lives.
        case packed(PackSlot, UncommittedSlot)
        /// The disk has no room for another pack.
        case noRoom
    }

    /// One caller's body.
    struct Job: Sendable {
        let body: SmallBody
        let completion: @Sendable (Result<Outcome, StorageError>) -> Void
    }

    /// The most bytes of one group.
    private static let groupLength = 2 * 1_024 * 1_024

    private let maker: PackMaker
    private let rows: any LocatorRows
    private let queue = GroupQueue<PackWriter>()
    /// Ends packs and gives slots back, beside the thread that adds.
    private let helper = NIOThreadPool(numberOfThreads: 1)
    private let groupSizes = Recorder(label: "cloakroom_pack_group_size", aggregate: true)
    private var active: ActivePack?
    /// Those of the active pack.
    private var uncommitted = UncommittedSlots()
    private var lastID: PackID?

    init(maker: PackMaker, rows: any LocatorRows) {
        self.maker = maker
        self.rows = rows
        self.helper.start()
    }

    /// Adds a body to a pack.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - completion: Called once the body is durable, or is not going to be; on a thread that it must not hold up.
    func append(_ body: SmallBody, completion: @escaping @Sendable (Result<Outcome, StorageError>) -> Void) {
        self.queue.append(Job(body: body, completion: completion), to: self)
    }

    func countOfGroup(_ jobs: Deque<Job>) -> Int {
        var length = 0
        return jobs.prefix { job in
            length += job.body.slotLength
            return length <= Self.groupLength
        }.count
    }

    func cancel(_ jobs: [Job]) {
        for job in jobs { job.completion(.failure(.writesRejected("the server is shutting down"))) }
    }

    // MARK: On the thread

    func process(_ group: [Job]) { self.add(group[...]) }

    /// Adds a group, in as many packs as it takes.
    private func add(_ group: ArraySlice<Job>) {
        var rest = group
        while !rest.isEmpty {
            do throws(StorageError) {
                try self.maker.health.checkWrites()
                let count = self.makeRoom(for: rest)
                guard count > 0 else {
                    for job in rest { job.completion(.success(.noRoom)) }
                    return
                }
                let fitting = rest.prefix(count)
                let slots = try self.write(fitting.map(\.body))
                self.groupSizes.record(count)
                for (job, slot) in zip(fitting, slots) {
                    job.completion(.success(.packed(slot, UncommittedSlot(of: self.uncommitted))))
                }
                rest = rest.dropFirst(count)
            } catch {
                for job in rest { job.completion(.failure(error)) }
                return
            }
        }
    }

    /// Goes on in a new pack where not even the first body fits; returns how many fit, none without room for a pack.
    private func makeRoom(for jobs: ArraySlice<Job>) -> Int {
        let bodies = jobs.lazy.map(\.body)
        if let active {
            let count = active.countOfFitting(bodies)
            if count > 0 { return count }
            self.end(active, self.uncommitted)
        }
        (self.active, self.uncommitted) = (self.maker.make(after: self.lastID), UncommittedSlots())
        guard let active else { return 0 }
        self.lastID = active.file.id
        return active.countOfFitting(bodies)
    }

    private func write(_ bodies: [SmallBody]) throws(StorageError) -> [PackSlot] {
        do throws(SystemCallError) {
            return try self.active?.add(bodies) ?? []
        } catch {
            self.takeBack(after: error)
            throw error.storageError
        }
    }

    /// Puts a pack right after a failure.
    ///
    /// What was to be flushed may be lost, and a flush is never repeated: no more writes are accepted. Where nothing was
    /// flushed yet, what was written in part is freed. A pack that does not let that happen gets no more slots. It
    /// is not ended: start-up looks through it, and a whole slot that it finds is a body that a client did send.
    private func takeBack(after error: SystemCallError) {
        guard error.call == .write else { return self.maker.health.rejectWrites("a pack: \(error)") }
        do throws(SystemCallError) {
            try self.active?.freeUnused()
        } catch {
            if error.call == .fsync { return self.maker.health.rejectWrites("a pack: \(error)") }
            self.maker.health.report("A pack is left to the next start", "\(error)")
            self.active = nil
        }
    }

    /// Ends a full pack once its rows are committed, then durable.
    private func end(_ pack: ActivePack, _ uncommitted: UncommittedSlots) {
        uncommitted.whenNone {
            self.rows.flush { outcome in
                guard case .success = outcome else { return }
                self.helper.submit { if $0 == .active { self.maker.end(pack) } }
            }
        }
    }

    // MARK: Beside it

    /// Runs work that blocks on the disk, and for which nobody waits.
    func help(_ body: @escaping @Sendable () -> Void) {
        self.helper.submit { if $0 == .active { body() } }
    }

    /// Ends everything after the bodies that are queued.
    ///
    /// The catalogue is still open: it has to make the rows durable. Where it cannot, or a row is not committed yet, the pack is
    /// left as it is, and start-up finds the seals in it.
    func shutDown() async throws {
        try await self.queue.shutDown()
        let isDurable: Bool
        do throws(StorageError) {
            let isCommitted = self.uncommitted.isEmpty
            try await self.rows.checkWritable()
            isDurable = isCommitted
        } catch {
            isDurable = false
        }
        try await self.helper.shutdownGracefully()
        if let active, isDurable { self.maker.end(active) }
    }
}
