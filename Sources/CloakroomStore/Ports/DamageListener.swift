package import CloakroomDomain

/// Is told of what a reader found; whoever found it does not wait.
package protocol DamageListener: Sendable {
    /// Notes that a ready file's bytes are not those that were sealed.
    func noticeDamage(_ id: FileID, _ damage: StorageError.ReadDamage)
    /// Notes that a ready file's bytes are not there.
    func noticeLoss(_ id: FileID)
}
