import CloakroomDomain
import CloakroomServer
import CloakroomStorage

/// Makes a fresh data directory usable: a signing key, and an API key for the organization `default`.
struct FirstStart {
    let directory: DataDirectory
    let catalog: Catalog
    let keys: APIKeys

    /// Makes a signing key where no file was ever signed for.
    ///
    /// Only while there is no file in the catalogue: later, its absence means that it was lost or is not mounted, and a
    /// new one would silently kill every URL.
    func prepareSigningKey() throws {
        let file = SigningKeyFile(directory: self.directory)
        guard !file.exists, try !self.catalog.hasFiles() else { return }
        try file.write([SigningKey.generate(now: SystemClock().now)])
    }

    /// Makes the first API key; called when all listeners accept, so that it is not made by a start that fails.
    ///
    /// - Returns: The key, to be shown once; `nil` where there were keys already.
    func makeAPIKey() async throws(StorageError) -> APIKey? {
        guard try self.keys.list().isEmpty else { return nil }
        return try await self.keys.create(
            for: .organization(.default), name: "first", permissions: Permission.defaults, now: SystemClock().now
        ).key
    }
}
