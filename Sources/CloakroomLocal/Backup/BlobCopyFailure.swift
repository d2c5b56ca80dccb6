import CloakroomDisk
import CloakroomSystem

/// Why a file's bytes were not copied.
enum BlobCopyFailure: Error {
    /// They are damaged; the others can be copied nevertheless.
    case damage(BlobDamage)
    /// The copy cannot go on.
    case copy(BackupError)

    /// A call on what is copied failed.
}
