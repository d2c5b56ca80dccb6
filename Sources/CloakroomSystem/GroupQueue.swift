package import DequeModule
package import NIOPosix
import Synchronization

/// What a ``GroupQueue`` gives its jobs to.
package protocol GroupProcessor: AnyObject, Sendable {
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
package final class GroupQueue<Processor: GroupProcessor>: Sendable {
    private struct State {
        var jobs = Deque<Processor.Job>()
        var isDraining = false
    }

    /// For work that has to come between two groups.
    package let thread = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())

    package init() {
        self.thread.start()
    }

    /// Adds a job behind the others.
    package func append(_ job: Processor.Job, to processor: Processor) {
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
    package func shutDown() async throws {
        try await self.thread.shutdownGracefully()
    }

    private func drain(_ processor: Processor) {
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

    private func takeAll() -> [Processor.Job] {
        self.state.withLock { state in
            defer { state = State() }
            return Array(state.jobs)
        }
    }
}
