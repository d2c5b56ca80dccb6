import CloakroomDisk
package import CloakroomDomain

/// What becomes of a copy when the bytes of a ready file are lost or damaged.
package enum DamagePolicy: Hashable, Sendable {
    /// The others are looked at, and then there is no copy.
    case fails
    /// The file is pending in the copy, and waits for the same bytes.
    case leavesPending
}

/// What a backup reads of the files that it shares with the one before.
package enum SharedFileCheck: Hashable, Sendable {
    /// Only their lengths: they were verified when they were copied.
    case length
    /// Every byte; one that has been damaged since is copied again.
    case bytes
}

/// A ready file whose bytes are lost or damaged.
package struct DamagedFile: Hashable, Sendable, CustomStringConvertible {
    package let id: FileID
    /// The data directory or the backup in which it is damaged.
    package let path: String
    let damage: BlobDamage

    /// What is wrong, for whoever ran the command.
    package var description: String { "\(self.id) in \(self.path) is damaged: \(self.damage)" }
}

package struct CopySummary: Hashable, Sendable {
    /// How many ready files the copy has.
    package internal(set) var files = 0
    /// The bytes of those that were copied.
    package internal(set) var copied = ByteCount.zero
    /// The bytes of those that are shared with the backup before.
    package internal(set) var shared = ByteCount.zero
    /// How many files were deleted while the copy was made, and are not in it.
    package internal(set) var deleted = 0
    /// How many damaged files are pending in it.
    package internal(set) var damaged = 0
    /// Whether there were signing keys.
    package internal(set) var hasSigningKeys = false
    /// Why the backup before could not be used, if so: then nothing is shared with it.
    package internal(set) var unusablePrevious: BackupError?
}

/// How a copy is to be made.
struct CopyRules {
    let damage: DamagePolicy
    let sharedFiles: SharedFileCheck
    let now: Timestamp
    /// Told of every damaged file, once.
    let onDamage: (DamagedFile) -> Void
}
