package import CloakroomDomain

package final class Downloads: Sendable {
    private let rows: any FileRows
    private let blobs: any BlobEngine
    private let openBlobs: OpenBlobCache
    private let verified: VerifiedBlobs
    private let revocations: Revocations
    private let verification: ReadVerification
    private let damage: any DamageListener

    init(
        rows: any FileRows, blobs: any BlobEngine, openBlobs: OpenBlobCache, verified: VerifiedBlobs,
        revocations: Revocations, verification: ReadVerification, damage: any DamageListener
    ) {
        self.rows = rows
        self.blobs = blobs
        self.openBlobs = openBlobs
        self.verified = verified
        self.revocations = revocations
        self.verification = verification
        self.damage = damage
    }

    /// Opens a ready file's bytes: the row of a blob that is not open yet says where it is and when it expires; one
    /// that is open has both.
    package func open(_ grant: DownloadGrant, now: Timestamp) -> Lookup<any OpenBlob> {
        do throws(StorageError) {
            try self.revocations.check(grant.fileID, issuedAt: grant.issuedAt)
            switch self.openBlobs.find(grant.fileID) {
            case .hit(let blob): return .now(.success(try Self.unexpired(blob, now: now)))
            case .miss(let ticket): return self.openAnew(grant.fileID, ticket, now: now)
            }
        } catch {
            return .now(.failure(error))
        }
    }

    private static func unexpired(_ blob: any OpenBlob, now: Timestamp) throws(StorageError) -> any OpenBlob {
        if let end = blob.placement.expiresAt, end <= now { throw .notFound }
        return blob
    }

    private func openAnew(_ id: FileID, _ ticket: OpenBlobCache.Ticket, now: Timestamp) -> Lookup<any OpenBlob> {
        let reading = self.blobs.beginReading(id)
        return self.rows.findPlacement(id).then { placement in
            guard let placement else { return .now(.failure(.notFound)) }
            return self.blobs.open(placement, reading).then { blob in
                guard let blob else { return self.missing(id) }
                return Lookup { () throws(StorageError) in try self.keep(blob, ticket, now: now) }
            }
        }.reportingDamage(of: id, to: self)
    }

    /// Deleted since the row was read, or lost.
    private func missing(_ id: FileID) -> Lookup<any OpenBlob> {
        self.rows.findPlacement(id).map { placement throws(StorageError) in
            if placement != nil { self.damage.noticeLoss(id) }
            throw .notFound
        }
    }

    private func keep(
        _ blob: any OpenBlob, _ ticket: OpenBlobCache.Ticket, now: Timestamp
    ) throws(StorageError) -> any OpenBlob {
        let placement = blob.placement
        if placement.isSmall {
            let isCached = try blob.verifyCached(isKnown: self.verified.contains(placement.id))
            if isCached { self.verified.insert(placement.id) } else { self.verified.remove(placement.id) }
        }
        self.openBlobs.keep(blob, placement.id, ticket)
        return try Self.unexpired(blob, now: now)
    }

    // MARK: Reading

    /// Whether a large blob is to be verified while it is read as a whole.
    package func needsVerification(_ blob: any OpenBlob) -> Bool {
        guard !blob.placement.isSmall else { return false }
        return switch self.verification {
        case .never: false
        case .always: true
        case .first: !self.verified.contains(blob.placement.id)
        }
    }

    /// Loads a small blob and verifies it.
    package func load(_ blob: any OpenBlob) async throws(StorageError) {
        do throws(StorageError) {
            try await blob.load()
            self.verified.insert(blob.placement.id)
        } catch {
            self.noteDamage(blob.placement.id, error)
            throw error
        }
    }

    /// Reads an open blob in pieces.
    package func reader(_ blob: any OpenBlob, verifies: Bool) -> BlobReader {
        BlobReader(blob, of: self, verifies: verifies)
    }

    /// Opens a ready file's bytes for reading in pieces; they stay readable when the file is deleted meanwhile.
    package func reader(_ grant: DownloadGrant, now: Timestamp) async throws(StorageError) -> BlobReader {
        let blob = try await self.open(grant, now: now).value()
        return BlobReader(blob, of: self, verifies: self.needsVerification(blob))
    }

    /// Notes that a large blob was read whole and found right.
    func noteVerified(_ id: FileID) { self.verified.insert(id) }

    /// Passes damage on, for which somebody has to look.
    func noteDamage(_ id: FileID, _ error: StorageError) {
        if case .damaged(let damage) = error { self.damage.noticeDamage(id, damage) }
    }
}

extension Lookup {
    /// Passes damage that is found on.
    fileprivate func reportingDamage(of id: FileID, to downloads: Downloads) -> Self {
        switch self {
        case .now(let outcome):
            if case .failure(let error) = outcome { downloads.noteDamage(id, error) }
        case .later(let pending):
            return .later(pending.observed { if case .failure(let error) = $0 { downloads.noteDamage(id, error) } })
        }
        return self
    }
}
