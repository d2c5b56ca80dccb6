import CloakroomDomain
import CloakroomServer
import CloakroomStorage

/// Makes a fresh data directory usable: a signing key, and an API key for the organization `default`.
struct FirstStart {
    let directory: DataDirectory
    let catalog: Catalog
    let keys: APIKeys

    /// Makes what is missing.
    ///
    /// A signing key is made only while there is no file: later, its absence means that it was lost or is not mounted,
    /// and a new one would silently kill every URL.
    ///
    /// - Returns: The API key that was made, to be shown once; `nil` where there were keys already.
    func prepare() async throws -> APIKey? {
        let now = SystemClock().now
        let file = SigningKeyFile(directory: self.directory)
        if !file.exists, try !self.catalog.hasFiles() { try file.write([SigningKey.generate(now: now)]) }
        guard try self.keys.list().isEmpty else { return nil }
        let (_, key) = try await self.keys.create(
            for: .organization(.default), name: "first", permissions: Permission.defaults, now: now)
        return key
    }
}
