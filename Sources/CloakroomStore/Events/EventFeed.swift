package import CloakroomDomain
import Synchronization

/// Waits for events on behalf of any number of readers: one reader of the log wakes them all, and one that waits costs no look-up.
///
/// The newest entries are kept while somebody waits. Whoever is behind them reads the log again, so a slow reader takes no memory
/// and loses nothing.
package final class EventFeed: Sendable {
    /// What a wait ends with.
    package enum Outcome: Hashable, Sendable {
        /// Entries, and up to where they are all that match.
        case events(EventPage)
        /// What comes next is not kept: the log has to be read.
        case behind
        /// The time is over, and nothing that matches came up to this position.
        case timedOut(EventPosition)
    }

    private static let pageLength = 1_000

    private let rows: any EventRows
    private let state = Mutex(EventFeedState<CheckedContinuation<Outcome, Never>>())

    init(rows: any EventRows) {
        self.rows = rows
        rows.onEvents { [weak self] in self?.wake(upTo: $0) }
    }

    /// How many wait.
    package var waiterCount: Int { self.state.withLock { $0.waiterCount } }

    /// Waits for entries that match a query, behind a position up to which the log has been read.
    package func next(_ query: EventQuery, within time: Duration) async -> Outcome {
        let id = self.state.withLock { $0.nextID() }
        let timer = Timer()
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = self.state.withLock { state in
                    Task.isCancelled ? .timedOut(query.after) : state.wait(query, id, continuation)
                }
                if let outcome { return continuation.resume(returning: outcome) }
                // Not before there is somebody who can give up.
                timer.start(after: time) { self.giveUp(id) }
            }
        } onCancel: {
            self.giveUp(id)
        }
    }

    /// Notes that the log goes to a position, as somebody has read.
    func note(_ position: EventPosition) { self.wake(upTo: position) }

    private func giveUp(_ id: UInt64) {
        guard let (waiter, position) = self.state.withLock({ $0.giveUp(id) }) else { return }
        waiter.resume(returning: .timedOut(position))
    }

    // MARK: The one reader

    /// Notes up to where there are entries, and has them read unless nobody waits or that is under way.
    private func wake(upTo position: EventPosition) {
        if self.state.withLock({ $0.wake(upTo: position) }) { Task { await self.read() } }
    }

    private func read() async {
        while let position = self.state.withLock({ $0.nextRead() }) {
            let query = EventQuery(after: position, organization: nil, filter: .all, limit: Self.pageLength)
            let page: EventPage?
            do throws(StorageError) {
                page = try await self.rows.findEvents(query).value()
            } catch {
                // The waiters read for themselves, and report it.
                page = nil
            }
            let woken = self.state.withLock { $0.keep(page) }
            for (waiter, outcome) in woken { waiter.resume(returning: outcome) }
        }
    }
}

/// Calls a function after a time, unless it is cancelled.
private final class Timer: Sendable {
    private let task = Mutex<Task<Void, any Error>?>(nil)

    func start(after time: Duration, _ body: @escaping @Sendable () -> Void) {
        self.task.withLock {
            $0 = Task {
                try await Task.sleep(for: time)
                body()
            }
        }
    }

    func cancel() { self.task.withLock { $0?.cancel() } }
}
