import CSQLite
import CloakroomDomain

/// One connection to a SQLite database, with its prepared statements.
///
/// `@unchecked Sendable`: opened without SQLite's own mutex, and used by one thread at a time, either the writer's only
/// thread or whoever has checked it out of the ``ReaderPool``; so is `log`, which SQLite's hook sets in a commit.
package final class SQLiteConnection: @unchecked Sendable {
    package enum Role {
        /// The server's only writer, which alone checkpoints.
        case writer
        /// A reader beside it.
        case reader
        /// A command beside a running server: it writes, and leaves the checkpoints to the server.
        case command
        /// The only connection that writes to a copy. It flushes nothing: whoever makes the copy does in the end.
        case copy
        /// Reads the database's file alone, whatever its WAL has, and locks nothing.
        case fileReader
        /// Writes a database anew of whose pages the checksums are wrong.
        case rewriter

        var flags: Int32 {
            switch self {
            case .reader: SQLITE_OPEN_READONLY
            case .fileReader: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            case .writer, .command, .copy, .rewriter: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        }
    }

    /// The WAL is cut to this many bytes when it begins anew.
    private static let logLimit = 32 * 1_024 * 1_024

    /// How long a statement waits for what another connection has locked.
    static let busySeconds: Int32 = 10

    let handle: OpaquePointer
    private var statements: [UnsafeRawPointer: SQLiteStatement] = [:]
    private var flushesCommits = true
    /// Written by SQLite's hook, on the connection's thread.
    private let log = UnsafeMutablePointer<Log>.allocate(capacity: 1)

    /// Opens a database, created if the role writes, through a `sqlite3_vfs`; `nil` stands for SQLite's own.
    package init(path: String, role: Role, fileSystem: String? = nil) throws(SQLiteError) {
        let name = role == .fileReader ? Self.immutableURI(path) : path
        guard let fileSystem = ChecksummedFileSystem.name(over: fileSystem) else {
            self.log.deallocate()
            throw SQLiteError(code: SQLITE_CANTOPEN, message: "SQLite's file system cannot be registered")
        }
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(name, &handle, role.flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, fileSystem)
        guard code == SQLITE_OK, let handle else {
            let error = SQLiteError(handle, code: code)
            sqlite3_close_v2(handle)
            self.log.deallocate()
            throw error
        }
        self.handle = handle
        self.log.initialize(to: Log())
        if role == .rewriter { _ = ChecksummedFile.file(of: handle) { $0.verifies = false } }
        try self.configure(role)
    }

    /// <https://www.sqlite.org/uri.html>: without locks and without the WAL.
    private static func immutableURI(_ path: String) -> String {
        // With an authority, which is empty, where a path may begin with two slashes.
        (path.hasPrefix("/") ? "file://" : "file:") + PercentEncoding.encode(path, as: .path) + "?immutable=1"
    }

    /// How many pages the WAL holds, as of the last commit.
    var logPages: Int { self.log.pointee.pages }
    /// How many commits of this connection have written something.
    var commits: Int { self.log.pointee.commits }

    private struct Log {
        var pages = 0
        var commits = 0
    }

    deinit {
        self.statements.removeAll()
        sqlite3_close_v2(self.handle)
        self.log.deallocate()
    }

    private func configure(_ role: Role) throws(SQLiteError) {
        sqlite3_busy_timeout(self.handle, Self.busySeconds * 1_000)
        // Counts for a database that is made, also by VACUUM.
        var reserved = Int32(PageChecksum.length)
        sqlite3_file_control(self.handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved)
        // Nobody checkpoints by closing: the WAL may be another database's, and a start that finds that out has to leave
        // both as they are. Two connections that checkpoint at once can corrupt a WAL up to SQLite 3.51.2: only the writer
        // does, when it is asked to; SQLite's own checkpoints discard their errors.
        cloakroom_sqlite3_db_config(self.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nil)
        try self.execute("PRAGMA wal_autocheckpoint = 0")
        try self.execute("PRAGMA foreign_keys = ON")
        if role == .copy { try self.execute("PRAGMA synchronous = OFF") }
        guard role == .writer || role == .command || role == .rewriter else { return }
        try self.execute("PRAGMA journal_mode = WAL")
        try self.execute("PRAGMA synchronous = FULL")
        try self.execute("PRAGMA journal_size_limit = \(Self.logLimit)")
        sqlite3_wal_hook(
            self.handle,
            { log, _, _, pages in
                let log = log?.assumingMemoryBound(to: Log.self)
                log?.pointee.pages = Int(pages)
                log?.pointee.commits += 1
                return SQLITE_OK
            }, self.log)
        let mode = try self.text(of: "PRAGMA journal_mode")
        let synchronous = try self.text(of: "PRAGMA synchronous")
        guard mode == "wal", synchronous == "2" else {
            throw SQLiteError(
                code: SQLITE_MISUSE, message: "journal_mode is \(mode), synchronous is \(synchronous); wal and 2 wanted"
            )
        }
    }

    /// Writes all of a database anew, each page with its checksum.
    func rewrite() throws(SQLiteError) {
        try self.execute("VACUUM")
        // Every page is in the WAL now, also while the file's first page is still the old one.
        _ = ChecksummedFile.file(of: self.handle) { $0.hasChecksums = true }
        try self.checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
    }

    /// Whether the pages of the database's file have checksums.
    var hasChecksums: Bool { (ChecksummedFile.file(of: self.handle) { $0.hasChecksums } ?? nil) ?? true }

    /// Says whether the next transactions flush the WAL when they are committed (`synchronous=FULL`), or leave that to
    /// a later one and to the checkpoint (`NORMAL`): what was committed becomes durable in its order either way.
    func setFlushesCommits(_ flushes: Bool) throws(SQLiteError) {
        guard flushes != self.flushesCommits else { return }
        try self.execute(flushes ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        self.flushesCommits = flushes
    }

    /// Copies the WAL into the database and flushes both; returns how many frames the WAL has, and how many of them
    /// have been copied.
    @discardableResult
    func checkpoint(_ mode: Int32) throws(SQLiteError) -> (total: Int, copied: Int) {
        var (total, copied): (Int32, Int32) = (0, 0)
        let code = sqlite3_wal_checkpoint_v2(self.handle, nil, mode, &total, &copied)
        guard code == SQLITE_OK else { throw SQLiteError(self.handle, code: code) }
        return (Int(total), Int(copied))
    }

    /// Runs statements that have neither parameters nor rows.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(self.handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw SQLiteError(self.handle, code: code) }
    }

    /// Returns the first column of the first row as text.
    package func text(of sql: String) throws(SQLiteError) -> String {
        let statement = try SQLiteStatement(self.handle, sql: sql)
        guard try statement.step() else { return "" }
        return statement.text(0) ?? ""
    }

    /// Returns a prepared statement, reset and without bindings, prepared once for each literal.
    package func statement(_ sql: StaticString) throws(SQLiteError) -> SQLiteStatement {
        // A literal's storage is static, so its address identifies it for the life of the process.
        try self.statement(UnsafeRawPointer(sql.utf8Start)) { sql.description }
    }

    /// Returns a prepared statement, reset and without bindings, prepared once for each query.
    func statement(_ query: FileRowQuery) throws(SQLiteError) -> SQLiteStatement {
        // Queries are static, too.
        try self.statement(UnsafeRawPointer(Unmanaged.passUnretained(query).toOpaque())) { query.sql }
    }

    private func statement(_ key: UnsafeRawPointer, _ sql: () -> String) throws(SQLiteError) -> SQLiteStatement {
        if let statement = self.statements[key] {
            statement.reset()
            return statement
        }
        let statement = try SQLiteStatement(self.handle, sql: sql())
        self.statements[key] = statement
        return statement
    }

    /// Ends what the connection does with an error; called from any thread.
    package func interrupt() { sqlite3_interrupt(self.handle) }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(self.handle)) }
}
