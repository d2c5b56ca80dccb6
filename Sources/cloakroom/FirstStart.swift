import CloakroomDomain
import CloakroomLocal
import CloakroomStore

/// Makes a fresh data directory usable: a signing key, and an API key for the organization `default`.
struct FirstStart {
    let local: LocalStore

    /// Makes a signing key where no file was ever signed for.
    ///
    /// Only while there is no file in the catalogue: later, its absence means that it was lost or is not mounted, and a
    /// new one would silently kill every URL.
    func prepareSigningKey() throws {
        let file = SigningKeyFile(directory: self.local.directory)
        guard !file.exists, try !self.local.hasFiles() else { return }
        try file.write([SigningKey.generate(now: SystemClock().now)])
    }

    /// Makes the first API key, where there is none yet, and shows it.
    ///
    /// Called when all listeners accept, so that it is not made by a start that fails.
    func makeAPIKey(showing show: (APIKey) throws -> Void) async throws {
        try await self.local.storage.keys.createFirst(now: SystemClock().now, showing: show)
    }
}
