public import CloakroomCrypto
import Synchronization

/// The live signing keys: the first signs, all verify.
///
/// A key derived for a day is kept: deriving takes five HMACs, a request then takes one.
public final class KeyRing: Sendable {
    private struct Derived {
        let credential: Credential
        let key: HMACSHA256
    }

    /// More than the keys of yesterday, today and tomorrow of a ring under rotation.
    private static let cacheLimit = 32

    /// The keys, the signing one first.
    public let keys: [SigningKey]
    private let cache = Mutex<[Derived]>([])

    /// Creates a ring.
    ///
    /// - Parameter keys: The keys, the signing one first; none gives `nil`.
    public init?(_ keys: [SigningKey]) {
        guard !keys.isEmpty else { return nil }
        self.keys = keys
    }

    /// The key that signs.
    public var signing: SigningKey { self.keys[0] }

    /// Returns the derived key of an access key id, or `nil` where no such key is live.
    ///
    /// - Parameters:
    ///   - accessKeyID: The id.
    ///   - scope: What to derive it for.
    /// - Returns: The derived key of an access key id, or `nil` where no such key is live.
    public func derivedKey(accessKeyID: String, scope: CredentialScope) -> HMACSHA256? {
        self.derivedKey(for: Credential(accessKeyID: accessKeyID, scope: scope)) { scope }
    }

    /// Returns the derived key of a credential, or `nil` where no such key is live.
    ///
    /// - Parameters:
    ///   - credential: The key's id and scope.
    ///   - scope: The scope, asked for when the key is derived for the first time.
    /// - Returns: The derived key, as secret as the key itself.
    func derivedKey(for credential: Credential, scope: () -> CredentialScope) -> HMACSHA256? {
        self.cache.withLock { cache in
            for derived in cache where derived.credential.bytes == credential.bytes { return derived.key }
            let accessKeyID = credential.accessKeyID
            guard let key = self.keys.first(where: { $0.accessKeyID == accessKeyID }) else { return nil }
            let derived = key.derived(for: scope())
            if cache.count == Self.cacheLimit { cache.removeFirst() }
            cache.append(Derived(credential: credential, key: derived))
            return derived
        }
    }
}
