import CloakroomDomain
import CloakroomStorage
import NIOCore

/// A row that is there, or comes later.
enum Lookup<Value: Sendable> {
    case now(Result<Value, StorageError>)
    case later(PendingLookup<Value>)
}

/// A look-up under way.
struct PendingLookup<Value: Sendable> {
    let value: EventLoopFuture<Value>
    let cancel: () -> Void
}

extension FileStore {
    func lookUp(_ grant: DownloadGrant, now: Timestamp) -> Lookup<OpenBlob> {
        .now(Result { () throws(StorageError) in try self.open(grant, now: now) })
    }

    func lookUp(_ grant: UploadGrant, now: Timestamp) -> Lookup<FileRecord> {
        .now(Result { () throws(StorageError) in try self.record(grant, now: now) })
    }

    func lookUpDeclaration(of id: FileID, now: Timestamp) -> Lookup<UploadDeclaration?> {
        .now(Result { () throws(StorageError) in try self.declarationForVerification(id, now: now) })
    }
}
