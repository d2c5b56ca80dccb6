/// The tables of events.
extension CatalogSchema {
    /// What has happened to files, for some days.
    static let version7 = """
        CREATE TABLE events (
            sequence INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
            type TEXT NOT NULL
                CHECK (type IN ('file.ready', 'file.deleted', 'file.abandoned', 'file.urls_revoked', 'file.damaged')),
            file_id BLOB NOT NULL CHECK (length(file_id) = 16),
            organization_id TEXT NOT NULL,
            occurred_at INTEGER NOT NULL,
            reason TEXT CHECK (reason IN ('request', 'expired')),
            CHECK ((type = 'file.deleted') = (reason IS NOT NULL))
        ) STRICT;
        -- One row.
        CREATE TABLE event_log (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            -- Numbers up to here may have been given, and told, even if the events are lost.
            reserved INTEGER NOT NULL,
            dropped INTEGER NOT NULL, -- Events up to here have been dropped.
            -- Cursors of another one are dead: drawn anew where events may have been lost.
            generation BLOB NOT NULL CHECK (length(generation) = 16)
        ) STRICT;
        INSERT INTO event_log VALUES (1, 0, 0, randomblob(16));
        CREATE TRIGGER lost_history_ends_cursors AFTER INSERT ON lost_history BEGIN
            UPDATE event_log SET generation = randomblob(16);
        END;
        CREATE TRIGGER lost_bodies_end_cursors AFTER INSERT ON lost_bodies BEGIN
            UPDATE event_log SET generation = randomblob(16);
        END;
        CREATE TRIGGER restored_stores_end_cursors AFTER UPDATE OF identity ON store WHEN NEW.identity <> OLD.identity
        BEGIN
            UPDATE event_log SET generation = randomblob(16);
        END;
        -- Files without a row, as they were last, for as long as the log tells of their end.
        CREATE TABLE removed_files (
            id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
            organization_id TEXT NOT NULL,
            filename TEXT NOT NULL,
            content_type TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            declared_sha256 BLOB,
            created_at INTEGER NOT NULL,
            upload_expires_at INTEGER NOT NULL,
            sha256 BLOB,
            uploaded_at INTEGER,
            urls_revoked_at INTEGER,
            expires_at INTEGER
        ) STRICT, WITHOUT ROWID;
        """
}
