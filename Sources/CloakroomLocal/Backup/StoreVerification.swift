import CloakroomDisk
import CloakroomStore
import CloakroomSystem

/// Holds a store that was just made to its own catalogue, by what the disk has.
struct StoreVerification {
    /// The store; everything in it has been flushed.
    let store: Directory
    let path: String
    let catalogName: String

    /// Looks at the catalogue, and at the bytes of every ready file, and returns how many there are.
    func run() throws(BackupError) -> Int {
        let catalog = try BackupCatalog(opening: "\(self.path)/\(self.catalogName)", system: self.store.system)
        try catalog.verify()
        let verifier = BlobVerifier(try BlobSource(in: self.store, at: self.path), reads: .unshared)
        var files = catalog.files(.byID)
        var count = 0
        while let file = try files.next() {
            if let damage = try BackupError.at(self.path, verifier.damage(of: file)) {
                throw .unverified(path: self.path, reason: "\(file.id): \(damage)")
            }
            count += 1
        }
        return count
    }
}
