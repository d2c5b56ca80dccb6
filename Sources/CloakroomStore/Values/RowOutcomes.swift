package import CloakroomCrypto
package import CloakroomDomain

/// What became of an attempt to add a file.
package enum InsertOutcome: Hashable, Sendable {
    /// The row is there, with the expiry that counts for it.
    case inserted(FileRecord)
    /// A request with the same idempotency key added this file before.
    case repeated(FileID)
    /// The idempotency key came with another request before.
    case keyReused
    /// The organization's quota has no room for it.
    case exceedsQuota(Quota.Excess)
}

/// What became of an attempt to seal.
package enum SealOutcome: Hashable, Sendable {
    /// The row now says ready.
    case sealed
    /// It had been sealed before, with this digest.
    case alreadySealed(SHA256Digest)
    /// There is no such row (any more), or the file has expired.
    case missing
    /// It is pending and waits for other bytes, those of this digest.
    case otherDeclared(SHA256Digest)
}

/// What became of an attempt to let an upload URL be made anew.
package enum RenewalOutcome: Hashable, Sendable {
    /// The file is pending and takes uploads until then.
    case renewed
    /// It is ready.
    case alreadySealed
    /// The organization has no such file that has not expired.
    case missing
}

/// What became of an attempt to revoke a file's URLs.
package enum RevocationOutcome: Hashable, Sendable {
    /// URLs with a date up to now are dead.
    case revoked
    /// They were revoked up to this moment before, which is not before now.
    case revokedBefore(Timestamp)
    /// The organization has no such file that has not expired.
    case missing
}
