/// The catalogue's schema as a sequence of migrations, each frozen once it has shipped.
///
/// `PRAGMA user_version` counts those that have been applied; each is applied in one transaction with its count.
package enum CatalogSchema {
    /// The database is newer than this program.
    package struct TooNew: Error {
        package let found: Int
        package let known: Int
    }

    package static let migrations = [version1, version2, version3, version4, version5, version6, version7]

    /// Tables are `STRICT` and hold the invariants as constraints: SQLite is trusted before our own code.
    private static let version1 = """
        CREATE TABLE organizations (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE api_keys (
            id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 20 AND id GLOB 'key_*'),
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            organization_id TEXT REFERENCES organizations (id), -- NULL: a gateway key
            name TEXT NOT NULL CHECK (length(name) <= 255),
            visible_prefix TEXT NOT NULL,
            permissions TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER,
            revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE files (
            id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
            organization_id TEXT NOT NULL REFERENCES organizations (id),
            filename TEXT NOT NULL CHECK (length(filename) BETWEEN 1 AND 255),
            content_type TEXT NOT NULL CHECK (content_type LIKE '%_/_%'),
            size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
            declared_sha256 BLOB CHECK (length(declared_sha256) = 32),
            created_at INTEGER NOT NULL,
            upload_expires_at INTEGER NOT NULL CHECK (upload_expires_at >= created_at),
            sha256 BLOB CHECK (length(sha256) = 32), -- NULL: pending
            uploaded_at INTEGER,
            CHECK ((sha256 IS NULL) = (uploaded_at IS NULL)),
            CHECK (sha256 IS NULL OR declared_sha256 IS NULL OR sha256 = declared_sha256)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX files_of_organization ON files (organization_id, id);
        CREATE INDEX pending_files_of_organization ON files (organization_id, id) WHERE sha256 IS NULL;
        CREATE INDEX pending_files ON files (upload_expires_at) WHERE sha256 IS NULL;

        -- Files whose row is gone and whose bytes may still be there.
        CREATE TABLE deleted_files (
            id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
            deleted_at INTEGER NOT NULL,
            -- Until then an upload that began before the deletion may still link its bytes.
            forget_after INTEGER NOT NULL,
            bytes_removed INTEGER NOT NULL DEFAULT 0 CHECK (bytes_removed IN (0, 1))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX deleted_files_to_remove ON deleted_files (id) WHERE bytes_removed = 0;
        CREATE INDEX deleted_files_to_forget ON deleted_files (forget_after) WHERE bytes_removed = 1;
        """

    /// Small bodies lie in packs: which, and where.
    private static let version2 = """
        ALTER TABLE files ADD COLUMN pack INTEGER CHECK (pack > 0);
        ALTER TABLE files ADD COLUMN pack_offset INTEGER
            CHECK ((pack IS NULL) = (pack_offset IS NULL) AND (pack IS NULL OR sha256 IS NOT NULL));

        ALTER TABLE deleted_files ADD COLUMN pack INTEGER;
        ALTER TABLE deleted_files ADD COLUMN pack_offset INTEGER;
        ALTER TABLE deleted_files ADD COLUMN size_bytes INTEGER;
        DROP INDEX deleted_files_to_remove;
        CREATE INDEX deleted_files_to_remove ON deleted_files (id) WHERE bytes_removed = 0 AND pack IS NULL;
        CREATE INDEX deleted_files_to_give_back ON deleted_files (id) WHERE bytes_removed = 0 AND pack IS NOT NULL;
        """

    /// What the gateway's side needs: quotas, idempotency keys, keys that end, URLs that are revoked.
    private static let version3 = """
        ALTER TABLE organizations ADD COLUMN max_files INTEGER CHECK (max_files >= 0); -- NULL: any number
        ALTER TABLE organizations ADD COLUMN max_bytes INTEGER CHECK (max_bytes >= 0);
        ALTER TABLE organizations ADD COLUMN used_files INTEGER NOT NULL DEFAULT 0 CHECK (used_files >= 0);
        ALTER TABLE organizations ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0 CHECK (used_bytes >= 0);
        UPDATE organizations SET (used_files, used_bytes) =
            (SELECT count(*), coalesce(sum(size_bytes), 0) FROM files WHERE organization_id = organizations.id);
        -- Whoever adds or removes a row: the sums are right.
        CREATE TRIGGER files_are_counted AFTER INSERT ON files BEGIN
            UPDATE organizations SET used_files = used_files + 1, used_bytes = used_bytes + NEW.size_bytes
            WHERE id = NEW.organization_id;
        END;
        CREATE TRIGGER files_are_discounted AFTER DELETE ON files BEGIN
            UPDATE organizations SET used_files = used_files - 1, used_bytes = used_bytes - OLD.size_bytes
            WHERE id = OLD.organization_id;
        END;

        ALTER TABLE files ADD COLUMN urls_revoked_at INTEGER;
        CREATE INDEX files_with_revoked_urls ON files (urls_revoked_at) WHERE urls_revoked_at IS NOT NULL;

        ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
        CREATE INDEX api_keys_of_organization ON api_keys (organization_id, created_at, id);

        CREATE TABLE idempotency_keys (
            organization_id TEXT NOT NULL REFERENCES organizations (id),
            key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
            fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
            -- Not a reference: a deleted file's key is still taken.
            file_id BLOB NOT NULL CHECK (length(file_id) = 16),
            created_at INTEGER NOT NULL,
            PRIMARY KEY (organization_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
        CREATE INDEX idempotency_keys_of_file ON idempotency_keys (file_id);
        """

    /// Files that end, by themselves or because all of their organization's do; and how far the scrub has come.
    private static let version4 = """
        ALTER TABLE files ADD COLUMN expires_at INTEGER CHECK (expires_at > created_at); -- NULL: never
        CREATE INDEX files_that_end ON files (expires_at) WHERE expires_at IS NOT NULL;
        -- Counts for files that are created from then on; NULL: any life.
        ALTER TABLE organizations ADD COLUMN expires_after_seconds INTEGER CHECK (expires_after_seconds > 0);

        -- One row, once the first round has begun.
        CREATE TABLE scrub (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            started_at INTEGER NOT NULL,
            cursor BLOB CHECK (length(cursor) = 16), -- the last file that was examined; NULL: none yet
            shards INTEGER NOT NULL CHECK (shards BETWEEN 0 AND 256), -- how many were looked through; 256: complete
            completed_at INTEGER -- when a round was complete last; NULL: none yet
        ) STRICT;
        """

    /// Which store this is, and what is known to be missing from it.
    private static let version5 = """
        -- One row, from the first start on. The blobs have the same, in blobs/identity.
        CREATE TABLE store (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            identity BLOB NOT NULL CHECK (length(identity) = 16),
            generation INTEGER NOT NULL CHECK (generation > 0),
            started_at INTEGER NOT NULL, -- when a server started last
            -- Bodies without rows are to be looked for among those uploaded since; NULL: nothing to look for.
            search_since INTEGER,
            -- How many WALs were begun: each has this row, and so is known by its generation.
            wals INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        -- Transactions that had been committed and are lost: when that was found, and how.
        CREATE TABLE lost_history (
            found_at INTEGER NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        -- Bodies whose rows are lost.
        CREATE TABLE lost_bodies (
            id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
            found_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Where bytes are is what whoever keeps them says: a slot of a pack becomes 32 hexadecimal digits.
    private static let version6 = """
        ALTER TABLE files ADD COLUMN locator BLOB
            CHECK (length(locator) BETWEEN 1 AND 64 AND (locator IS NULL OR sha256 IS NOT NULL));
        UPDATE files SET locator = CAST(printf('%016x%08x%08x', pack, pack_offset, size_bytes) AS BLOB)
        WHERE pack IS NOT NULL;
        ALTER TABLE files DROP COLUMN pack_offset;
        ALTER TABLE files DROP COLUMN pack;

        DROP INDEX deleted_files_to_remove;
        DROP INDEX deleted_files_to_give_back;
        ALTER TABLE deleted_files ADD COLUMN locator BLOB CHECK (length(locator) BETWEEN 1 AND 64);
        UPDATE deleted_files SET locator = CAST(printf('%016x%08x%08x', pack, pack_offset, size_bytes) AS BLOB)
        WHERE pack IS NOT NULL;
        ALTER TABLE deleted_files DROP COLUMN pack;
        ALTER TABLE deleted_files DROP COLUMN pack_offset;
        ALTER TABLE deleted_files DROP COLUMN size_bytes;
        CREATE INDEX deleted_files_to_remove ON deleted_files (id) WHERE bytes_removed = 0 AND locator IS NULL;
        CREATE INDEX deleted_files_to_free ON deleted_files (id) WHERE bytes_removed = 0 AND locator IS NOT NULL;
        """

    /// The first version whose rows have locators.
    package static let firstWithLocators = 6

    /// Returns a database's version.
    package static func version(_ connection: SQLiteConnection) throws(SQLiteError) -> Int {
        Int(try connection.text(of: "PRAGMA user_version")) ?? 0
    }

    /// Whether a database is of an earlier version.
    package static func isEarlier(_ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        try self.version(connection) < self.migrations.count
    }

    /// Brings a database up to date; throws ``TooNew``, or what SQLite reported.
    package static func migrate(_ connection: SQLiteConnection) throws {
        let found = try self.version(connection)
        guard found <= self.migrations.count else { throw TooNew(found: found, known: self.migrations.count) }
        for version in found..<self.migrations.count {
            try connection.execute("BEGIN IMMEDIATE")
            do {
                // A command may have migrated while this connection waited for the lock.
                if Int(try connection.text(of: "PRAGMA user_version")) == version {
                    try connection.execute(self.migrations[version])
                    try connection.execute("PRAGMA user_version = \(version + 1)")
                }
                try connection.execute("COMMIT")
            } catch {
                try? connection.execute("ROLLBACK")
                throw error
            }
        }
    }
}
