import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

extension Catalog {
    /// Marks a pending file ready, unless it has ended by the time of the seal.
    package func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at locator: BlobLocator? = nil, durability: Durability = .required
    ) async throws(StorageError) -> SealOutcome {
        try await self.writer.write(durability: durability) { connection throws(SQLiteError) in
            try self.seal(id, seal, locator, connection)
        }
    }

    private func seal(
        _ id: FileID, _ seal: FileRecord.Seal, _ locator: BlobLocator?, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> SealOutcome {
        let sealed = try connection.statement(
            """
            UPDATE files SET sha256 = ?1, uploaded_at = ?2, locator = ?3
            WHERE id = ?4 AND sha256 IS NULL AND (expires_at IS NULL OR expires_at > ?2)
                AND (declared_sha256 IS NULL OR declared_sha256 = ?1)
            RETURNING organization_id
            """
        )
        .bind(seal.sha256.bytes).bind(seal.uploadedAt.secondsSinceEpoch).bind(locator?.bytes)
        .bind(id.bytes)
        if let organization = try sealed.first({ $0.text(0) }) {
            try self.note(.ready, of: id, organization, at: seal.uploadedAt, connection)
            return .sealed
        }
        let row = try connection.statement(
            "SELECT sha256, declared_sha256 FROM files WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)"
        ).bind(id.bytes).bind(seal.uploadedAt.secondsSinceEpoch)
        defer { row.reset() }
        guard try row.step() else { return .missing }
        if let digest = row.blob(0).flatMap({ SHA256Digest(bytes: $0) }) { return .alreadySealed(digest) }
        guard let declared = row.blob(1).flatMap({ SHA256Digest(bytes: $0) }) else { return .missing }
        return .otherDeclared(declared)
    }

    /// Returns a file of any organization, also one that has ended.
    package func file(_ id: FileID) throws(StorageError) -> FileRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            try connection.statement(FileRowQuery.byID).bind(id.bytes).first { row throws(SQLiteError) in
                try FileRow.decode(row)
            }
        }
    }

    /// Returns an organization's file; another's, and one that has ended, takes the same path as one that does not
    /// exist.
    package func file(
        _ id: FileID, of organization: OrganizationID, now: Timestamp
    ) throws(StorageError) -> FileRecord? {
        try self.readers.read { connection throws(SQLiteError) in
            try Self.file(id, of: organization, now: now, connection)
        }
    }

    /// Returns those of some files that are an organization's and ready, as they were at one moment, in the order of
    /// the ids.
    func readyFiles(
        _ ids: [FileID], of organization: OrganizationID, now: Timestamp
    ) throws(StorageError) -> [FileRecord] {
        // SQLite looks at all that decides: a file that is not there takes as long as one that is pending, another's,
        // or has ended.
        try (ids.count == 1 ? self.readers : self.lookupReaders).read { connection throws(SQLiteError) in
            // One transaction: one lock, and one state of the catalogue.
            try connection.execute("BEGIN")
            defer { try? connection.execute("COMMIT") }
            let row = try connection.statement(FileRowQuery.readyOfOrganization)
            defer { row.reset() }
            var files: [FileRecord] = []
            for id in ids {
                row.reset()
                row.bind(id.bytes).bind(organization.description).bind(now.secondsSinceEpoch)
                if try row.step() { files.append(try FileRow.decode(row)) }
            }
            return files
        }
    }

    static func file(
        _ id: FileID, of organization: OrganizationID, now: Timestamp, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> FileRecord? {
        try connection.statement(FileRowQuery.ofOrganization)
            .bind(id.bytes).bind(organization.description).bind(now.secondsSinceEpoch).first {
                row throws(SQLiteError) in try FileRow.decode(row)
            }
    }

    /// Notes where a ready file's bytes are now.
    func relocate(_ id: FileID, to locator: BlobLocator?) async throws(StorageError) {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement("UPDATE files SET locator = ? WHERE id = ? AND sha256 IS NOT NULL")
                .bind(locator?.bytes).bind(id.bytes).run()
        }
    }

    /// Puts off the end of a pending file's upload.
    func renewUpload(
        _ id: FileID, of organization: OrganizationID, until expiresAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> RenewalOutcome {
        try await self.writer.write { connection throws(SQLiteError) in
            try connection.statement(
                """
                UPDATE files SET upload_expires_at = max(upload_expires_at, ?)
                WHERE id = ? AND organization_id = ? AND sha256 IS NULL AND (expires_at IS NULL OR expires_at > ?)
                """
            )
            .bind(expiresAt.secondsSinceEpoch).bind(id.bytes).bind(organization.description)
            .bind(now.secondsSinceEpoch).run()
            if connection.changes == 1 { return .renewed }
            return try Self.file(id, of: organization, now: now, connection) == nil ? .missing : .alreadySealed
        }
    }
}
