public import DequeModule
public import NIOPosix
public import Synchronization

/// What a ``GroupQueue`` gives its jobs to.
public protocol GroupProcessor: AnyObject, Sendable {
    associatedtype Job: Sendable

    /// How many of the jobs that wait, from the first one on, go together: one at least.
    func countOfGroup(_ jobs: Deque<Job>) -> Int
    /// Does a group's work, on the queue's thread.
    func process(_ group: [Job])
    /// Tells the callers of jobs that nothing will come of them: the queue has been shut down.
    func cancel(_ jobs: [Job])
}

/// Jobs that wait for one thread: whatever has queued up while a group was being processed may go into the next one.
///
/// So the work that a group has in common, such as a flush, is done once for all that wait, and the rate grows with the load.
/// It is public and inlinable, so that other targets have it specialized for their jobs.
public final class GroupQueue<Processor: GroupProcessor>: Sendable {
    @usableFromInline
    struct State {
        @usableFromInline var jobs = Deque<Processor.Job>()
        @usableFromInline var isDraining = false

        @inlinable
        init() {}
    }

    /// For work that has to come between two groups.
    public let thread = NIOThreadPool(numberOfThreads: 1)
    @usableFromInline let state = Mutex(State())

    /// Starts the thread.
    public init() {
        self.thread.start()
    }

    /// Adds a job behind the others.
    @inlinable
    public func append(_ job: Processor.Job, to processor: Processor) {
        let startsDraining = self.state.withLock { state in
            state.jobs.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard startsDraining else { return }
        self.thread.submit { state in
            switch state {
            case .active: self.drain(processor)
            case .cancelled: processor.cancel(self.takeAll())
            }
        }
    }

    /// Ends the thread after the jobs that are queued.
    public func shutDown() async throws {
        try await self.thread.shutdownGracefully()
    }

    @inlinable
    func drain(_ processor: Processor) {
        while true {
            let group = self.state.withLock { state -> [Processor.Job] in
                let count = state.jobs.isEmpty ? 0 : max(1, processor.countOfGroup(state.jobs))
                let group = Array(state.jobs.prefix(count))
                state.jobs.removeFirst(count)
                state.isDraining = !group.isEmpty
                return group
            }
            guard !group.isEmpty else { return }
            processor.process(group)
        }
    }

    @inlinable
    func takeAll() -> [Processor.Job] {
        self.state.withLock { state in
            defer { state = State() }
            return Array(state.jobs)
        }
    }
}
