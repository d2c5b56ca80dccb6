import CloakroomCrypto
package import CloakroomDomain
package import CloakroomStore

extension MemoryRows: FileRows {
    package func find(_ id: FileID) -> Lookup<FileRecord?> { self.look { $0.files[id]?.record } }

    package func find(_ id: FileID, of organization: OrganizationID, now: Timestamp) -> Lookup<FileRecord?> {
        self.look { $0.file(id, of: organization, now: now) }
    }

    package func findReady(
        _ ids: [FileID], of organization: OrganizationID, now: Timestamp
    ) -> Lookup<[FileRecord]> {
        self.look { state in
            ids.compactMap { state.file($0, of: organization, now: now) }.filter { $0.seal != nil }
        }
    }

    package func findPage(_ query: FileQuery, of organization: OrganizationID, now: Timestamp) -> Lookup<FilePage> {
        self.look { state in
            let all = state.files.keys.compactMap { state.file($0, of: organization, now: now) }
                .filter { file in query.cursor.map { file.id < $0 } ?? true }
                .filter { file in query.status.map { ($0 == .ready) == (file.seal != nil) } ?? true }
                .filter { query.mediaRange?.contains($0.declaration.mediaType) ?? true }
                .sorted { $0.id > $1.id }
            let page = Array(all.prefix(query.limit))
            return FilePage(files: page, nextCursor: all.count > page.count ? page.last?.id : nil)
        }
    }

    package func findPlacement(_ id: FileID) -> Lookup<Placement?> {
        self.look { state in state.files[id].flatMap { Placement($0.record, at: $0.locator) } }
    }

    package func insert(
        _ file: FileRecord, at locator: BlobLocator?, request: IdempotentRequest?
    ) async throws(StorageError) -> InsertOutcome {
        self.change { state in
            let key = request.map { UsedKey(organization: file.organization, text: $0.key.text) }
            if let key, let request, let use = state.uses[key],
                use.createdAt > file.createdAt.advanced(bySeconds: -IdempotencyKey.lifetimeSeconds)
            {
                guard use.fingerprint == request.fingerprint.bytes else { return .keyReused }
                if let row = state.files[use.file], row.record.seal == nil {
                    state.files[use.file]?.record = row.record.uploadable(until: file.uploadExpiresAt)
                }
                return .repeated(use.file)
            }
            if let excess = state.excess(adding: file.declaration.size, to: file.organization) {
                return .exceedsQuota(excess)
            }
            let owner = state.organizations[file.organization] ?? Organization(createdAt: file.createdAt)
            state.organizations[file.organization] = owner
            let added = file.ending(by: owner.quota.fileLifetime?.end(from: file.createdAt))
            state.files[file.id] = Row(record: added, locator: locator)
            if let seal = added.seal { state.note(.ready, of: added, at: seal.uploadedAt) }
            if let key, let request {
                state.uses[key] = Use(
                    fingerprint: request.fingerprint.bytes, file: file.id, createdAt: file.createdAt)
            }
            return .inserted(added)
        }
    }

    package func seal(
        _ id: FileID, _ seal: FileRecord.Seal, at locator: BlobLocator?, durability: Durability
    ) async throws(StorageError) -> SealOutcome {
        self.change { state in
            guard let record = state.files[id]?.record, !record.isExpired(at: seal.uploadedAt) else { return .missing }
            if let sealed = record.seal { return .alreadySealed(sealed.sha256) }
            if let declared = record.declaration.sha256, declared != seal.sha256 { return .otherDeclared(declared) }
            state.files[id] = Row(record: record.sealed(seal), locator: locator)
            state.note(.ready, of: record, at: seal.uploadedAt)
            return .sealed
        }
    }

    package func renewUpload(
        _ id: FileID, of organization: OrganizationID, until expiresAt: Timestamp, now: Timestamp
    ) async throws(StorageError) -> RenewalOutcome {
        self.change { state in
            guard let record = state.file(id, of: organization, now: now) else { return .missing }
            guard record.seal == nil else { return .alreadySealed }
            state.files[id]?.record = record.uploadable(until: expiresAt)
            return .renewed
        }
    }

    package func relocate(_ id: FileID, to locator: BlobLocator?) async throws(StorageError) {
        self.change { $0.files[id]?.locator = locator }
    }
}

extension FileRecord {
    fileprivate func uploadable(until end: Timestamp) -> FileRecord {
        FileRecord(
            id: self.id, organization: self.organization, declaration: self.declaration, createdAt: self.createdAt,
            uploadExpiresAt: max(self.uploadExpiresAt, end), status: self.status, urlsRevokedAt: self.urlsRevokedAt,
            expiresAt: self.expiresAt)
    }

    func revoked(at moment: Timestamp) -> FileRecord {
        FileRecord(
            id: self.id, organization: self.organization, declaration: self.declaration, createdAt: self.createdAt,
            uploadExpiresAt: self.uploadExpiresAt, status: self.status, urlsRevokedAt: moment,
            expiresAt: self.expiresAt)
    }
}

extension MemoryRows: AdmissionRows {
    package func hasSeen(_ key: IdempotencyKey, from organization: OrganizationID) -> Lookup<Bool> {
        self.look { $0.uses[UsedKey(organization: organization, text: key.text)] != nil }
    }

    package func findExcess(adding size: ByteCount, to organization: OrganizationID) -> Lookup<Quota.Excess?> {
        self.look { $0.excess(adding: size, to: organization) }
    }

    package func withdraw(_ id: FileID, of organization: OrganizationID, now: Timestamp) async throws(StorageError) {
        self.change { state in
            guard let record = state.files[id]?.record, record.organization == organization, record.seal == nil else {
                return
            }
            _ = state.delete(id, nil, now: now)
            state.freeKey(of: id)
        }
    }

    package func forgetIdempotencyKeys(now: Timestamp, limit: Int) async throws(StorageError) -> Int {
        self.change { state in
            let end = now.advanced(bySeconds: -IdempotencyKey.lifetimeSeconds)
            let old = state.uses.filter { $0.value.createdAt <= end }.keys.prefix(limit)
            for key in old { state.uses[key] = nil }
            return old.count
        }
    }
}

extension MemoryRows: LocatorRows {
    package func refers(_ id: FileID, to locator: BlobLocator?) -> Lookup<Bool> {
        self.look { state in state.files[id].map { $0.record.seal != nil && $0.locator == locator } ?? false }
    }

    package func checkWritable() async throws(StorageError) {}

    package func flush(completion: @escaping @Sendable (Result<Void, StorageError>) -> Void) {
        completion(.success(()))
    }
}
