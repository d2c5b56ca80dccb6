import Synchronization

/// Connections for reading, opened as they are needed and kept.
///
/// A read runs on the caller's thread: a point read takes microseconds, less than handing it to another thread.
final class ReaderPool: Sendable {
    private let path: String
    private let idle = Mutex<[SQLiteConnection]>([])

    init(path: String) {
        self.path = path
    }

    private func checkOut() throws(SQLiteError) -> SQLiteConnection {
        if let connection = self.idle.withLock({ $0.popLast() }) { return connection }
        return try SQLiteConnection(path: self.path, role: .reader)
    }

    /// Reads with a connection that no other thread uses meanwhile.
    func read<Value>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Value
    ) throws(StorageError) -> Value {
        do throws(SQLiteError) {
            let connection = try self.checkOut()
            defer { self.idle.withLock { $0.append(connection) } }
            return try body(connection)
        } catch {
            throw error.storageError
        }
    }
}
