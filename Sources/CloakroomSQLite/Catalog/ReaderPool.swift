package import CloakroomStore
import Synchronization

/// Connections for reading, opened as they are needed and kept.
///
/// A read runs on the caller's thread: a point read takes microseconds, less than handing it to another thread.
package final class ReaderPool: Sendable {
    private let path: String
    private let cacheKibibytes: Int
    private let fileSystem: String?
    private let health: StorageHealth
    private let idle = Mutex<[SQLiteConnection]>([])

    /// Reads a database through a `sqlite3_vfs`; `nil` stands for SQLite's own.
    init(path: String, fileSystem: String?, health: StorageHealth, cacheKibibytes: Int = 2_000) {
        self.path = path
        self.health = health
        self.cacheKibibytes = cacheKibibytes
        self.fileSystem = fileSystem
    }

    private func checkOut() throws(SQLiteError) -> SQLiteConnection {
        if let connection = self.idle.withLock({ $0.popLast() }) { return connection }
        return try self.connect()
    }

    private func connect() throws(SQLiteError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: self.path, role: .reader, fileSystem: self.fileSystem)
        try connection.execute("PRAGMA cache_size = -\(self.cacheKibibytes)")
        return connection
    }

    /// Opens a connection that does not come back.
    package func open() throws(StorageError) -> SQLiteConnection {
        try self.rejectingWrites { () throws(SQLiteError) in try self.connect() }
    }

    /// Reads with a connection that no other thread uses meanwhile.
    func read<Value>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Value
    ) throws(StorageError) -> Value {
        try self.rejectingWrites { () throws(SQLiteError) in
            let connection = try self.checkOut()
            defer { self.idle.withLock { $0.append(connection) } }
            return try body(connection)
        }
    }

    private func rejectingWrites<Value>(_ body: () throws(SQLiteError) -> Value) throws(StorageError) -> Value {
        do throws(SQLiteError) {
            return try body()
        } catch {
            let failure = error.storageError
            if error.isCorruption { self.health.rejectWrites("\(failure)", isOfDamage: true) }
            throw failure
        }
    }
}
