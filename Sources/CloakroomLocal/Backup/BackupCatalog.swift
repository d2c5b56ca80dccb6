import CloakroomCrypto
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

/// The catalogue of a backup or of a store that is being restored: a copy of another, as that was at one moment.
///
/// Nobody else has it open while it is made. SQLite flushes nothing of it: whoever makes it flushes the file in the
/// end, or throws it away.
final class BackupCatalog {
    /// In which order the ready files come.
    enum Order {
        /// All of them, by their ids.
        case byID
        /// Those in packs, by their places; only while the copy is being made.
        case byPlace
    }

    private static let pageLength: Int64 = 1_000

    /// Of the database.
    let path: String
    private let connection: SQLiteConnection
    /// Whether it is of a version whose rows say otherwise where bytes are.
    private let isEarlier: Bool

    /// Opens a catalogue to be read; throws where it is none that this program knows.
    init(opening path: String, system: any OperatingSystem) throws(BackupError) {
        let connection = try BackupError.at(
            database: path, SQLiteConnection(path: path, role: .reader, fileSystem: system.sqliteFileSystem))
        self.path = path
        self.connection = connection
        let known = 1...CatalogSchema.migrations.count
        let version = try BackupError.at(database: path, CatalogSchema.version(connection))
        self.isEarlier = version < CatalogSchema.firstWithLocators
        guard known.contains(version) else {
            throw .failed(
                path: path, reason: "schema version \(version) is not supported, only 1 to \(known.upperBound)")
        }
    }

    /// Opens a copy to be changed.
    init(changing path: String, system: any OperatingSystem) throws(BackupError) {
        self.path = path
        self.isEarlier = false
        self.connection = try BackupError.at(
            database: path, SQLiteConnection(path: path, role: .copy, fileSystem: system.sqliteFileSystem))
    }

    /// How many bytes a copy takes.
    func size() throws(BackupError) -> Int64 {
        try self.number("PRAGMA page_count") * self.number("PRAGMA page_size")
    }

    /// Writes the catalogue, as it is at one moment, into a new file, without tombstones: bytes of deleted files are
    /// not copied; it may be written to meanwhile.
    func copy(to path: String, system: any OperatingSystem) throws(BackupError) -> BackupCatalog {
        do throws(SQLiteError) {
            try self.connection.statement("VACUUM INTO ?").bind(path).run()
        } catch {
            throw BackupError(error, at: error.storageError == .full ? path : self.path)
        }
        let copy = try BackupCatalog(changing: path, system: system)
        do {
            try CatalogSchema.migrate(copy.connection)
        } catch let error as SQLiteError {
            throw BackupError(error, at: path)
        } catch {
            throw .failed(path: path, reason: "\(error)")
        }
        try copy.execute("DELETE FROM deleted_files")
        try copy.execute("CREATE INDEX backup_places ON files (locator) WHERE locator IS NOT NULL")
        return copy
    }

    /// Ends the changes.
    func finish() throws(BackupError) {
        try self.execute("DROP INDEX backup_places")
    }

    /// Lets SQLite look through all of the database.
    func verify() throws(BackupError) {
        let verdict = try self.text("PRAGMA integrity_check")
        guard verdict == "ok" else { throw .unverified(path: self.path, reason: verdict) }
    }

    // MARK: Ready files

    func files(_ order: Order) -> SealedFileCursor { SealedFileCursor(self, order) }

    /// Returns the files that follow one, none after the last.
    func page(after last: SealedFile?, _ order: Order) throws(BackupError) -> [SealedFile] {
        try BackupError.at(database: self.path, self.rows(after: last, order).all(SealedFile.init))
    }

    private func rows(after last: SealedFile?, _ order: Order) throws(SQLiteError) -> SQLiteStatement {
        switch order {
        case .byID where self.isEarlier:
            return try self.connection.statement(
                """
                SELECT id, size_bytes, sha256, uploaded_at, CASE WHEN pack IS NOT NULL
                    THEN CAST(printf('%016x%08x%08x', pack, pack_offset, size_bytes) AS BLOB) END FROM files
                WHERE id > ? AND sha256 IS NOT NULL ORDER BY id LIMIT ?
                """
            ).bind(Catalog.cursor(after: last?.id)).bind(Self.pageLength)
        case .byID:
            return try self.connection.statement(
                """
                SELECT id, size_bytes, sha256, uploaded_at, locator FROM files
                WHERE id > ? AND sha256 IS NOT NULL ORDER BY id LIMIT ?
                """
            ).bind(Catalog.cursor(after: last?.id)).bind(Self.pageLength)
        case .byPlace:
            return try self.connection.statement(
                """
                SELECT id, size_bytes, sha256, uploaded_at, locator FROM files WHERE locator > ? ORDER BY locator LIMIT ?
                """
            ).bind(last?.locator?.bytes ?? []).bind(Self.pageLength)
        }
    }

    /// Whether a file is ready here, with the same bytes; not where that cannot be told.
    func has(_ file: SealedFile) -> Bool {
        let row = try? self.connection.statement(
            self.isEarlier
                ? "SELECT 1 FROM files WHERE id = ? AND sha256 = ? AND pack IS NULL"
                : "SELECT 1 FROM files WHERE id = ? AND sha256 = ? AND locator IS NULL"
        ).bind(file.id.bytes).bind(file.seal.sha256.bytes).hasRow()
        return row ?? false
    }

    // MARK: Changes

    /// Removes a file that was deleted since; its organization's sums follow.
    func remove(_ id: FileID) throws(BackupError) {
        try self.run("DELETE FROM files WHERE id = ?") { $0.bind(id.bytes) }
    }

    /// Notes that a file's bytes have a file of their own.
    func removeLocator(of id: FileID) throws(BackupError) {
        try self.run("UPDATE files SET locator = NULL WHERE id = ?") { $0.bind(id.bytes) }
    }

    /// Makes a file pending again, until a moment at least, which takes the bytes that it had and no others.
    func makePending(_ id: FileID, until end: Timestamp) throws(BackupError) {
        try self.run(
            """
            UPDATE files SET declared_sha256 = sha256, sha256 = NULL, uploaded_at = NULL, locator = NULL,
                upload_expires_at = max(upload_expires_at, ?) WHERE id = ?
            """
        ) { $0.bind(end.secondsSinceEpoch).bind(id.bytes) }
    }

    /// Gives the store an identity, without the bodies without rows that the original notes; returns whether the
    /// catalogue is of a version that has one.
    func change(_ identity: StoreIdentity) throws(BackupError) -> Bool {
        guard try self.number("SELECT count(*) FROM sqlite_schema WHERE name = 'store'") == 1 else { return false }
        try self.run(
            """
            INSERT INTO store (id, identity, generation, started_at) VALUES (1, ?, ?, 0)
            ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, generation = excluded.generation
            """
        ) { $0.bind(identity.bytes).bind(identity.generation) }
        try self.execute("DELETE FROM lost_bodies")
        return true
    }

    private func run(
        _ sql: StaticString, _ bind: (SQLiteStatement) -> SQLiteStatement
    ) throws(BackupError) {
        try BackupError.at(database: self.path, bind(self.connection.statement(sql)).run())
    }

    private func execute(_ sql: String) throws(BackupError) {
        try BackupError.at(database: self.path, self.connection.execute(sql))
    }

    private func text(_ sql: String) throws(BackupError) -> String {
        try BackupError.at(database: self.path, self.connection.text(of: sql))
    }

    private func number(_ sql: String) throws(BackupError) -> Int64 { Int64(try self.text(sql)) ?? 0 }
}
