/// The entries of a data directory that more than one module knows.
extension DataDirectory {
    /// The database.
    package static let catalogName = "catalog.sqlite"
    /// The database's write-ahead log.
    package static let walName = catalogName + "-wal"
    /// The bytes.
    package static let blobsName = "blobs"
    /// Within the bytes: what is kept of damaged and lost ones.
    package static let quarantineName = "quarantine"
    /// The signing keys.
    package static let signingKeysName = "signing-keys"
}
