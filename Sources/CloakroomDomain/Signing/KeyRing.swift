public import CloakroomCrypto
import Synchronization

/// The live signing keys: the first signs, all verify.
///
/// A key derived for a day is kept: deriving takes five HMACs, a request then takes one.
public final class KeyRing: Sendable {
    /// A signing key derived for one day, region and service.
    final class DerivedKey: Sendable {
        fileprivate let credential: ArraySlice<UInt8>
        /// The scope as it stands in the string to sign.
        let scope: [UInt8]
        /// The key itself.
        let key: HMACSHA256

        fileprivate init(credential: ArraySlice<UInt8>, scope: CredentialScope, key: HMACSHA256) {
            // A copy of its own: a part of a request's head would keep the whole.
            self.credential = ArraySlice(Array(credential))
            self.scope = Array(scope.description.utf8)
            self.key = key
        }
    }

    /// More than the keys of yesterday, today and tomorrow of a ring under rotation.
    private static let cacheLimit = 32

    /// The keys, the signing one first.
    public let keys: [SigningKey]
    private let cache = Mutex<[DerivedKey]>([])

    /// Creates a ring, the signing key first; none gives `nil`.
    public init?(_ keys: [SigningKey]) {
        guard !keys.isEmpty else { return nil }
        self.keys = keys
    }

    /// The key that signs.
    public var signing: SigningKey { self.keys[0] }

    /// Returns the derived key of an access key id, or `nil` where no such key is live.
    public func derivedKey(accessKeyID: String, scope: CredentialScope) -> HMACSHA256? {
        self.derivedKey(for: Credential(accessKeyID: accessKeyID, scope: scope)) { scope }?.key
    }

    /// Returns the derived key of a credential, as secret as the key itself; `nil` where no such key is live.
    func derivedKey(for credential: Credential, scope: () -> CredentialScope) -> DerivedKey? {
        self.cache.withLock { cache in
            for derived in cache where derived.credential == credential.encoded { return derived }
            let accessKeyID = credential.accessKeyID
            guard let key = self.keys.first(where: { $0.accessKeyID == accessKeyID }) else { return nil }
            let scope = scope()
            let derived = DerivedKey(credential: credential.encoded, scope: scope, key: key.derived(for: scope))
            if cache.count == Self.cacheLimit { cache.removeFirst() }
            cache.append(derived)
            return derived
        }
    }
}
