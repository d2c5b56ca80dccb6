import CloakroomCrypto
import CloakroomDomain
import CloakroomStore

/// The log of events.
extension Catalog {
    /// Writes an event in the transaction of the change that it tells of.
    func note(
        _ type: EventType, of id: FileID, _ organization: String, at moment: Timestamp,
        reason: EventReason? = nil, _ connection: SQLiteConnection
    ) throws(SQLiteError) {
        guard let events = self.writer.events else { return }
        try connection.statement(
            """
            INSERT INTO events (sequence, type, file_id, organization_id, occurred_at, reason) VALUES (?, ?, ?, ?, ?, ?)
            """
        )
        .bind(events.next()).bind(type.rawValue).bind(id.bytes).bind(organization)
        .bind(moment.secondsSinceEpoch).bind(reason?.rawValue).run()
    }

    /// Keeps what is known of a file whose row goes, for the events that tell of it.
    func keepRemoved(_ id: FileID, _ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.statement(
            """
            INSERT OR REPLACE INTO removed_files SELECT id, organization_id, filename, content_type, size_bytes,
                declared_sha256, created_at, upload_expires_at, sha256, uploaded_at, urls_revoked_at, expires_at
            FROM files WHERE id = ?
            """
        ).bind(id.bytes).run()
    }

    // MARK: Reading

    /// How many entries are looked at for one page at most.
    private static let scanLimit: Int64 = 10_000

    /// Returns the entries behind a position, and up to where the log was looked through for them.
    func events(_ query: EventQuery) throws(StorageError) -> EventPage {
        try self.readers.read { connection throws(SQLiteError) in
            // Up to where it is looked, before the rows: each entry up to there is among those that can be seen then.
            let log = try Self.log(connection)
            let window = try connection.statement(
                """
                SELECT max(sequence), count(*) FROM
                    (SELECT sequence FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?)
                """
            ).bind(query.after.number).bind(Self.scanLimit).first { ($0.integer(0), $0.integer(1) ?? 0) }
            let isWhole = (window?.1 ?? 0) < Self.scanLimit
            let last = EventPosition(window?.0 ?? query.after.number)
            let end = isWhole ? max(query.after, log.end, last) : last
            let rows = try connection.statement(EventRow.query)
                .bind(query.after.number).bind(end.number).bind(query.organization?.description)
                .bind(query.filter.types.map(\.rawValue).joined(separator: " ")).bind(query.file?.bytes)
                .bind(Int64(query.limit)).all(EventRow.decode)
            let isFull = rows.count == query.limit
            return EventPage(
                events: rows.compactMap(\.event), end: isFull ? rows.last?.position ?? end : end,
                isWhole: isWhole && !isFull, isBroken: query.after < (try Self.log(connection)).start)
        }
    }

    /// Returns how far the log goes, and what its cursors are made with.
    func eventLog() throws(StorageError) -> EventLogState {
        try self.readers.read { connection throws(SQLiteError) in try Self.log(connection) }
    }

    private static func log(_ connection: SQLiteConnection) throws(SQLiteError) -> EventLogState {
        let row = try connection.statement(
            "SELECT dropped, reserved, coalesce((SELECT max(sequence) FROM events), 0), generation FROM event_log")
        let state = try row.first { row -> EventLogState? in
            guard let dropped = row.integer(0), let reserved = row.integer(1), let end = row.integer(2),
                let generation = row.blob(3)
            else { return nil }
            return EventLogState(
                start: EventPosition(dropped), end: EventPosition(max(dropped, end)),
                limit: EventPosition(max(reserved, end)), cursors: EventCursors(generation: generation))
        }
        guard let state else { throw EventSequence.missing }
        return state
    }

    // MARK: Retention

    /// Drops the oldest entries, as far as they are not from a time, and returns how many.
    func dropEvents(notFrom time: ClosedRange<Timestamp>, limit: Int) async throws(StorageError) -> Int {
        let isDue = try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT occurred_at FROM events ORDER BY sequence LIMIT 1")
                .first { $0.timestamp(0).map { !time.contains($0) } } ?? false
        }
        // Mostly there is nothing to do, and then nothing is written.
        guard isDue else { return 0 }
        return try await self.writer.write { connection throws(SQLiteError) in
            let rows = try connection.statement(
                "SELECT sequence, occurred_at, type, file_id FROM events ORDER BY sequence LIMIT ?"
            ).bind(Int64(limit)).all { row throws(SQLiteError) in
                (number: row.integer(0) ?? 0, moment: row.timestamp(1), type: row.text(2), file: row.fileID(3))
            }
            let old = rows.prefix { $0.moment.map { !time.contains($0) } ?? true }
            guard let last = old.last?.number else { return 0 }
            for entry in old {
                guard let type = entry.type.flatMap(EventType.init), type.isLast, let file = entry.file else {
                    continue
                }
                try connection.statement("DELETE FROM removed_files WHERE id = ?").bind(file.bytes).run()
            }
            try connection.statement("DELETE FROM events WHERE sequence <= ?").bind(last).run()
            try connection.statement("UPDATE event_log SET dropped = ?").bind(last).run()
            return old.count
        }
    }

    /// Makes every cursor dead: events may be lost, and nobody can tell.
    func endCursors() async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.execute("UPDATE event_log SET generation = randomblob(16)")
        }
    }
}

/// Reads a row of `events` with its file, which has a row, or had one.
enum EventRow {
    /// By the positions before the first one and of the last one, organization, types, file, and how many.
    static let query: FileRowQuery = {
        let files = ["f", "r"].flatMap { table in FileRowQuery.columns.map { "\(table).\($0)" } }
        return FileRowQuery(
            sql: """
                SELECT e.sequence, e.type, e.occurred_at, e.reason, \(files.joined(separator: ", "))
                FROM events e LEFT JOIN files f ON f.id = e.file_id LEFT JOIN removed_files r ON r.id = e.file_id
                WHERE e.sequence > ?1 AND e.sequence <= ?2 AND (?3 IS NULL OR e.organization_id = ?3)
                    AND instr(?4, e.type) AND (?5 IS NULL OR e.file_id = ?5)
                ORDER BY e.sequence LIMIT ?6
                """)
    }()

    private static let firstOfFile: Int32 = 4

    /// Returns the place of an entry, and the entry, `nil` where nothing is known of its file any more.
    static func decode(_ row: SQLiteStatement) throws(SQLiteError) -> (position: EventPosition, event: EventRecord?)? {
        guard let number = row.integer(0) else { return nil }
        let position = EventPosition(number)
        let present = self.firstOfFile
        let past = present + Int32(FileRowQuery.columns.count)
        guard let type = row.text(1).flatMap(EventType.init), let moment = row.timestamp(2),
            let first = [present, past].first(where: { row.blob($0) != nil })
        else { return (position, nil) }
        let event = EventRecord(
            position: position, type: type, occurredAt: moment, reason: row.text(3).flatMap(EventReason.init),
            file: try FileRow.decode(row, from: first))
        return (position, event)
    }
}
