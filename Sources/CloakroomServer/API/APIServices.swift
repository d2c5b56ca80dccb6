import CloakroomDomain
import CloakroomStore

struct APIServices: Sendable {
    let storage: Storage
    let authenticator: Authenticator
    let policy: SigningPolicy
    let signingKeys: SigningKeys
    let clock: SystemClock
    let waitLimits = EventWaitLimits()

    /// Presigns with the key that signs now.
    var presigner: PresignedURL.Presigner {
        PresignedURL.Presigner(policy: self.policy, keyRing: self.signingKeys.keyRing)
    }
}
