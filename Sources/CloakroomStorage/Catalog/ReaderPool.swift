import Synchronization

/// Connections for reading, opened as they are needed and kept.
///
/// A read runs on the caller's thread: a point read takes microseconds, less than handing it to another thread.
final class ReaderPool: Sendable {
    private let path: String
    private let cacheKibibytes: Int
    private let fileSystem: String?
    private let idle = Mutex<[SQLiteConnection]>([])

    /// - Parameters:
    ///   - path: Of the database.
    ///   - fileSystem: The `sqlite3_vfs` by which SQLite makes its calls; `nil` for its own.
    ///   - cacheKibibytes: How much of it each connection keeps; by default what SQLite does.
    init(path: String, fileSystem: String?, cacheKibibytes: Int = 2_000) {
        self.path = path
        self.cacheKibibytes = cacheKibibytes
        self.fileSystem = fileSystem
    }

    private func checkOut() throws(SQLiteError) -> SQLiteConnection {
        if let connection = self.idle.withLock({ $0.popLast() }) { return connection }
        let connection = try SQLiteConnection(path: self.path, role: .reader, fileSystem: self.fileSystem)
        try connection.execute("PRAGMA cache_size = -\(self.cacheKibibytes)")
        return connection
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
