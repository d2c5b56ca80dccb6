package import CloakroomDomain
import Synchronization

/// The signing keys that count now: the first one signs, all verify.
package final class SigningKeys: Sendable {
    private let current: Mutex<KeyRing>

    package init(_ keyRing: KeyRing) {
        self.current = Mutex(keyRing)
    }

    /// The keys that count now.
    package var keyRing: KeyRing { self.current.withLock { $0 } }

    /// Uses other keys from now on.
    package func replace(with keyRing: KeyRing) { self.current.withLock { $0 = keyRing } }
}
