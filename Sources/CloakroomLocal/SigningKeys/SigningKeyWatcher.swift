import CloakroomDomain
package import CloakroomStore
package import Logging
import Synchronization

/// Reads the signing keys of a running server, and reads them again when their file changes.
package final class SigningKeyWatcher: Sendable {
    private struct State {
        var version: SigningKeyFile.Version?
        /// Why the file as it is now cannot be used.
        var failure: SigningKeyFile.Failure?
    }

    /// The keys that count now.
    package let keys: SigningKeys
    private let file: SigningKeyFile
    private let state: Mutex<State>
    private let logger: Logger

    /// Reads the keys, without which there is no service; changes are logged by access key id.
    package init(file: SigningKeyFile, logger: Logger) throws(SigningKeyFile.Failure) {
        let (keys, version) = try file.read()
        guard let keyRing = KeyRing(keys) else { throw .noKeys(path: SigningKeyFile.name) }
        self.file = file
        self.logger = logger
        self.keys = SigningKeys(keyRing)
        self.state = Mutex(State(version: version))
    }

    /// Reads the file again where it has changed; a file that cannot be used leaves the keys as they are.
    package func reload() {
        let version = self.file.currentVersion()
        guard version != self.state.withLock({ $0.version }) else { return }
        do {
            let (keys, version) = try self.file.read()
            guard let keyRing = KeyRing(keys) else { return }
            self.keys.replace(with: keyRing)
            self.state.withLock { $0 = State(version: version) }
            self.logger.notice(
                "Signing keys changed",
                metadata: ["signing_keys.ids": "\(keys.map(\.accessKeyID).joined(separator: " "))"])
        } catch {
            // Tried again the next time: a change of mode alone mends one failure and leaves the version as it was.
            let isNew = self.state.withLock { state in
                defer { state.failure = error }
                return state.failure != error
            }
            guard isNew else { return }
            self.logger.error("Signing keys unusable; the previous ones stay active", metadata: ["error": "\(error)"])
        }
    }
}
