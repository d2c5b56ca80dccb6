import CloakroomSQLite
package import CloakroomStore
import Synchronization

/// Looks through the database of a running server.
package struct DatabaseExamination: Sendable {
    private let pair: LocalPair

    package init(_ pair: LocalPair) {
        self.pair = pair
    }

    /// Looks through all of the database beside everything else, until the task is cancelled; writes are rejected where
    /// it is damaged.
    package func run() async throws(StorageError) {
        let connection = try self.pair.catalog.readers.open()
        let isCancelled = Mutex(false)
        let outcome: Result<Void, StorageError> = await withTaskCancellationHandler {
            do throws(StorageError) {
                return .success(
                    try await self.pair.onDisk { () throws(StorageError) in
                        // SQLite forgets an interruption that comes before it begins.
                        guard !isCancelled.withLock({ $0 }) else { return }
                        try self.pair.catalog.examineDatabase(connection)
                    })
            } catch {
                return .failure(error)
            }
        } onCancel: {
            isCancelled.withLock { $0 = true }
            connection.interrupt()
        }
        try outcome.get()
    }
}
