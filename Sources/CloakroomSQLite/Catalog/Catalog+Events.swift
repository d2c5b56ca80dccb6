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
            // Before the rows: each entry up to there is among those that can be seen now.
            let end = EventPosition(try Self.end(connection))
            let statement =
                if let organization = query.organization {
                    try connection.statement(EventRow.ofOrganization).bind(organization.description)
                } else {
                    try connection.statement(EventRow.ofAll)
                }
            let rows = statement.bind(query.after.number).bind(Self.scanLimit)
            defer { rows.reset() }
            var (events, looked, last): ([EventRecord], Int64, EventPosition) = ([], 0, query.after)
            while events.count < query.limit, try rows.step() {
                looked += 1
                guard let (position, event) = try EventRow.decode(rows) else { continue }
                last = position
                if let event, query.matches(event) { events.append(event) }
            }
            let isWhole = events.count < query.limit && looked < Self.scanLimit
            return EventPage(events: events, end: isWhole ? max(last, end) : last)
        }
    }

    /// Returns up to where events are written.
    private static func end(_ connection: SQLiteConnection) throws(SQLiteError) -> Int64 {
        try connection.statement("SELECT max(sequence) FROM events").first { $0.integer(0) } ?? 0
    }

    /// Returns how far the log goes, and what its cursors are made with.
    func eventLog() throws(StorageError) -> EventLogState? {
        try self.readers.read { connection throws(SQLiteError) in
            let row = try connection.statement(
                """
                SELECT dropped, reserved, coalesce((SELECT max(sequence) FROM events), 0), identity,
                    (SELECT count(*) FROM lost_history)
                FROM event_log, store
                """)
            return try row.first { row in
                guard let dropped = row.integer(0), let reserved = row.integer(1), let end = row.integer(2),
                    let identity = row.blob(3), let losses = row.integer(4)
                else { return nil }
                return EventLogState(
                    start: EventPosition(dropped), end: EventPosition(max(dropped, end)),
                    limit: EventPosition(max(reserved, end)),
                    cursors: EventCursors(identity: identity, losses: losses))
            }
        }
    }

    // MARK: Retention

    /// Drops the oldest entries, as far as they are from before a moment, and returns how many.
    func dropEvents(before moment: Timestamp, limit: Int) async throws(StorageError) -> Int {
        let isDue = try self.readers.read { connection throws(SQLiteError) in
            try connection.statement("SELECT occurred_at FROM events ORDER BY sequence LIMIT 1")
                .first { $0.timestamp(0).map { $0 < moment } } ?? false
        }
        // Mostly there is nothing to do, and then nothing is written.
        guard isDue else { return 0 }
        return try await self.writer.write { connection throws(SQLiteError) in
            let rows = try connection.statement(
                "SELECT sequence, occurred_at, type, file_id FROM events ORDER BY sequence LIMIT ?"
            ).bind(Int64(limit)).all { row throws(SQLiteError) in
                (number: row.integer(0) ?? 0, moment: row.timestamp(1), type: row.text(2), file: row.fileID(3))
            }
            let old = rows.prefix { $0.moment.map { $0 < moment } ?? true }
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
}

/// Reads a row of `events` with its file, which has a row, or had one.
enum EventRow {
    /// By the position before the first one, and how many.
    static let ofAll = FileRowQuery(event: "e.sequence > ?")
    /// By organization, the position before the first one, and how many.
    static let ofOrganization = FileRowQuery(event: "e.organization_id = ? AND e.sequence > ?")

    private static let firstOfFile: Int32 = 4

    /// Returns the place of an entry, and the entry, `nil` where nothing is known of its file any more.
    static func decode(_ row: SQLiteStatement) throws(SQLiteError) -> (EventPosition, EventRecord?)? {
        guard let number = row.integer(0) else { return nil }
        let position = EventPosition(number)
        guard let type = row.text(1).flatMap(EventType.init), let moment = row.timestamp(2) else {
            return (position, nil)
        }
        let present = self.firstOfFile
        let past = present + Int32(FileRowQuery.columns.count)
        guard let first = [present, past].first(where: { row.blob($0) != nil }) else { return (position, nil) }
        let file = try FileRow.decode(row, from: first)
        return (
            position,
            EventRecord(
                position: position, type: type, occurredAt: moment, reason: row.text(3).flatMap(EventReason.init),
                file: file)
        )
    }
}

extension FileRowQuery {
    /// Entries of the log with their files, in their order.
    convenience init(event condition: String) {
        let files = ["f", "r"].flatMap { table in Self.columns.map { "\(table).\($0)" } }.joined(separator: ", ")
        self.init(
            sql: """
                SELECT e.sequence, e.type, e.occurred_at, e.reason, \(files)
                FROM events e LEFT JOIN files f ON f.id = e.file_id LEFT JOIN removed_files r ON r.id = e.file_id
                WHERE \(condition) ORDER BY e.sequence LIMIT ?
                """)
    }
}
