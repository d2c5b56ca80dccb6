import CSQLite

/// A prepared statement: parameters are bound from 1, columns read from 0.
package final class SQLiteStatement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private var nextParameter: Int32 = 1

    init(_ connection: OpaquePointer, sql: String) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteError(connection, code: code) }
        self.handle = handle
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(self.handle)
    }

    package func reset() {
        sqlite3_reset(self.handle)
        sqlite3_clear_bindings(self.handle)
        self.nextParameter = 1
    }

    // MARK: Parameters, bound in their order

    @discardableResult
    package func bind(_ value: Int64?) -> SQLiteStatement {
        if let value { sqlite3_bind_int64(self.handle, self.nextParameter, value) }
        return self.advance()
    }

    @discardableResult
    package func bind(_ value: String?) -> SQLiteStatement {
        if var value {
            // SQLite copies the bytes before the call returns (SQLITE_TRANSIENT).
            value.withUTF8 { buffer in
                buffer.withMemoryRebound(to: CChar.self) {
                    _ = cloakroom_sqlite3_bind_text(self.handle, self.nextParameter, $0.baseAddress, Int32($0.count))
                }
            }
        }
        return self.advance()
    }

    @discardableResult
    package func bind(_ value: [UInt8]?) -> SQLiteStatement {
        if let value {
            // SQLite copies the bytes before the call returns (SQLITE_TRANSIENT).
            _ = value.withUnsafeBytes {
                cloakroom_sqlite3_bind_blob(self.handle, self.nextParameter, $0.baseAddress, Int32($0.count))
            }
        }
        return self.advance()
    }

    private func advance() -> SQLiteStatement {
        self.nextParameter += 1
        return self
    }

    // MARK: Rows

    /// Moves to the next row; `false` when there is none.
    package func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(self.handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(self.handle)
            return false
        case let code:
            let error = SQLiteError(self.connection, code: code)
            sqlite3_reset(self.handle)
            throw error
        }
    }

    /// Reads all rows, but for those of which nothing can be made, and resets.
    package func all<Value>(
        _ decode: (SQLiteStatement) throws(SQLiteError) -> Value?
    ) throws(SQLiteError) -> [Value] {
        // A statement that has not come to its end keeps a snapshot: the connection could neither write nor checkpoint.
        defer { self.reset() }
        var values: [Value] = []
        while try self.step() {
            if let value = try decode(self) { values.append(value) }
        }
        return values
    }

    /// Reads the first row, `nil` where there is none, and resets.
    func first<Value>(
        _ decode: (SQLiteStatement) throws(SQLiteError) -> Value?
    ) throws(SQLiteError) -> Value? {
        defer { self.reset() }
        return try self.step() ? try decode(self) : nil
    }

    /// Whether there is a row.
    package func hasRow() throws(SQLiteError) -> Bool {
        defer { self.reset() }
        return try self.step()
    }

    /// Runs a statement that has no rows.
    package func run() throws(SQLiteError) {
        while try self.step() {}
    }

    func integer(_ column: Int32) -> Int64? {
        self.isNull(column) ? nil : sqlite3_column_int64(self.handle, column)
    }

    func text(_ column: Int32) -> String? {
        guard let pointer = sqlite3_column_text(self.handle, column) else { return nil }
        // SQLite keeps `sqlite3_column_bytes` bytes at `pointer` until the next step.
        let bytes = UnsafeBufferPointer(start: pointer, count: Int(sqlite3_column_bytes(self.handle, column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    func blob(_ column: Int32) -> [UInt8]? {
        guard let pointer = sqlite3_column_blob(self.handle, column) else { return nil }
        // SQLite keeps `sqlite3_column_bytes` bytes at `pointer` until the next step.
        return Array(UnsafeRawBufferPointer(start: pointer, count: Int(sqlite3_column_bytes(self.handle, column))))
    }

    private func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(self.handle, column) == SQLITE_NULL
    }
}
