public import CloakroomDomain
public import Logging
import Synchronization

/// The live signing keys of a running server: the file's, read again when it changes.
public final class SigningKeys: Sendable {
    private struct Current {
        var keyRing: KeyRing
        var version: SigningKeyFile.Version?
        /// Why the file as it is now cannot be used.
        var failure: SigningKeyFile.Failure?
    }

    private let file: SigningKeyFile
    private let current: Mutex<Current>
    private let logger: Logger

    /// Reads the keys.
    ///
    /// - Parameters:
    ///   - file: Where they stand.
    ///   - logger: Told of changes, by access key id.
    /// - Throws: ``SigningKeyFile/Failure``: without a key there is no service.
    public init(file: SigningKeyFile, logger: Logger) throws(SigningKeyFile.Failure) {
        let (keys, version) = try file.read()
        guard let keyRing = KeyRing(keys) else { throw .noKeys(path: SigningKeyFile.name) }
        self.file = file
        self.logger = logger
        self.current = Mutex(Current(keyRing: keyRing, version: version))
    }

    /// The keys that count now.
    public var keyRing: KeyRing { self.current.withLock { $0.keyRing } }

    /// Reads the file again where it has changed; a file that cannot be used leaves the keys as they are.
    public func reload() {
        let version = self.file.currentVersion()
        guard version != self.current.withLock({ $0.version }) else { return }
        do {
            let (keys, version) = try self.file.read()
            guard let keyRing = KeyRing(keys) else { return }
            self.current.withLock { $0 = Current(keyRing: keyRing, version: version) }
            self.logger.notice(
                "Signing keys changed",
                metadata: ["signing_keys.ids": "\(keys.map(\.accessKeyID).joined(separator: " "))"])
        } catch {
            // Tried again the next time: a change of mode alone mends one failure and leaves the version as it was.
            let isNew = self.current.withLock { current in
                defer { current.failure = error }
                return current.failure != error
            }
            guard isNew else { return }
            self.logger.error("Signing keys unusable; the previous ones stay active", metadata: ["error": "\(error)"])
        }
    }
}
