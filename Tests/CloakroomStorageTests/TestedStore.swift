import CloakroomDomain
import NIOCore

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore

/// The use cases and the tools of a local store, with look-ups that have to be answered at once.
struct TestedStore: Sendable {
    let storage: Storage
    let pair: LocalPair
    let damage: DamageControl

    var quarantine: FileQuarantine { FileQuarantine(self.pair) }
    var recovery: Recovery { Recovery(self.pair, self.storage) }
    var lostBodies: LostBodies { LostBodies(self.pair) }

    init(_ local: LocalStore) {
        (self.storage, self.pair, self.damage) = (local.storage, local.pair, local.damage)
    }

    func record(
        _ id: FileID, access: OrganizationAccess, now: Timestamp
    ) throws(StorageError) -> FileRecord {
        guard let found = try self.pair.catalog.file(id, of: access.organization, now: now) else { throw .notFound }
        return found
    }

    func record(_ grant: UploadGrant, now: Timestamp) throws(StorageError) -> FileRecord {
        try self.storage.uploads.find(grant, now: now).get().record
    }

    func declarationForVerification(_ id: FileID, now: Timestamp) throws(StorageError) -> UploadDeclaration? {
        try self.storage.uploads.declarationForVerification(id, now: now).get()
    }

    func open(_ grant: DownloadGrant, now: Timestamp) throws(StorageError) -> any OpenBlob {
        try self.storage.downloads.open(grant, now: now).get()
    }

    func reader(_ grant: DownloadGrant, now: Timestamp) throws(StorageError) -> BlobReader {
        let blob = try self.open(grant, now: now)
        return self.storage.downloads.reader(blob, verifies: self.storage.downloads.needsVerification(blob))
    }

    func stage(_ grant: UploadGrant) throws(StorageError) -> StagedUpload {
        try self.storage.uploads.begin(
            self.storage.uploads.find(grant, now: Fixture.now).get(), checksums: [])
    }
}

extension Lookup {
    /// Returns what was found; a look-up that is answered later is not.
    func get() throws(StorageError) -> Value {
        guard case .now(let outcome) = self else { throw .failed("the look-up is answered later") }
        return try outcome.get()
    }
}
