import CloakroomDisk
import CloakroomSystem

/// Why a file's bytes were not copied.
enum BlobCopyFailure: Error {
    /// They are damaged; the others can be copied nevertheless.
    case damage(BlobDamage)
    /// The copy cannot go on.
    case copy(BackupError)

    /// A call on what is copied failed.
    init(reading error: SystemCallError, at path: String) {
        if let damage = BlobDamage(error) {
            self = .damage(damage)
        } else {
            self = .copy(BackupError(error, at: path))
        }
    }

    init(writing error: SystemCallError, at path: String) {
        self = .copy(BackupError(error, at: path))
    }
}
