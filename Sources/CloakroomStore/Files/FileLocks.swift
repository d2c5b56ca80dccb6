package import CloakroomDomain
import DequeModule
import Synchronization

/// One at a time for each file, in the order of asking: publishing and deleting a file exclude each other.
///
/// Within this process. Between processes rows decide: a seal is rejected once a row is sealed or gone.
package final class FileLocks: Sendable {
    /// Those who wait, for each file at which somebody is.
    private let waiting = Mutex<[FileID: Deque<CheckedContinuation<Void, Never>>]>([:])

    package init() {}

    /// Runs work as the only one for a file.
    package func take<Value: Sendable>(
        _ id: FileID, _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        if self.takeFree(id) {
            defer { self.pass(id) }
            return try await body()
        }
        await self.wait(for: id)
        defer { self.pass(id) }
        // It was resumed by another's thread, which others wait for.
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(StorageError) in
            try await body()
        }
    }

    /// Takes a turn if nobody has one, and returns whether it did.
    private func takeFree(_ id: FileID) -> Bool {
        self.waiting.withLock { waiting in
            guard waiting[id] == nil else { return false }
            waiting[id] = []
            return true
        }
    }

    /// Waits for a turn.
    private func wait(for id: FileID) async {
        await withCheckedContinuation { continuation in
            let isFree = self.waiting.withLock { waiting in
                guard waiting[id] != nil else {
                    waiting[id] = []
                    return true
                }
                waiting[id]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Ends a turn; the one who has waited longest is next.
    private func pass(_ id: FileID) {
        let next = self.waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard var queue = waiting[id], !queue.isEmpty else {
                waiting[id] = nil
                return nil
            }
            let next = queue.removeFirst()
            waiting[id] = queue
            return next
        }
        next?.resume()
    }
}
