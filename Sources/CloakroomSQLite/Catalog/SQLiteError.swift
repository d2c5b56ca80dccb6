import CSQLite
package import CloakroomStore

/// A failure that SQLite reported.
package struct SQLiteError: Error, Hashable, Sendable {
    /// The extended result code (<https://www.sqlite.org/rescode.html>).
    package let code: Int32
    /// SQLite's message; it may name tables and columns, never values.
    package let message: String

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ connection: OpaquePointer?, code: Int32) {
        let code = connection.map { sqlite3_extended_errcode($0) } ?? code
        if code == ChecksummedFile.damaged, let page = ChecksummedFile.file(of: connection, { $0.damagedPage }) ?? nil {
            self.init(code: code, message: "page \(page) is damaged: its checksum is wrong")
        } else {
            self.init(
                code: code, message: String(cString: connection.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)))
        }
    }

    /// The code without its extension.
    var primaryCode: Int32 { self.code & 0xFF }

    /// Whether the failure leaves the durability of earlier writes in doubt.
    var endsWrites: Bool {
        self.code == SQLITE_IOERR | (4 << 8)  // SQLITE_IOERR_FSYNC
            || self.code == SQLITE_IOERR | (5 << 8)  // SQLITE_IOERR_DIR_FSYNC
            || self.isCorruption
    }

    /// Whether the database is not what SQLite wrote.
    package var isCorruption: Bool {
        self.primaryCode == SQLITE_CORRUPT || self.primaryCode == SQLITE_NOTADB || self.code == ChecksummedFile.damaged
    }

    /// The failure as the storage's callers know it.
    package var storageError: StorageError {
        self.primaryCode == SQLITE_FULL ? .full : .failed("\(Catalog.fileName): SQLite \(self.code): \(self.message)")
    }
}
