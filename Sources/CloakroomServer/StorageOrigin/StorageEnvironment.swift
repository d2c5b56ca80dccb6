import CloakroomDomain
import CloakroomStorage
import Logging

/// What every connection of the storage origin shares.
struct StorageEnvironment: Sendable {
    let store: FileStore
    let verifier: Verifier
    let signingKeys: SigningKeys
    let limits: StorageOriginLimits
    let metrics: StorageMetrics
    let requestIDs: RequestIDGenerator
    let clock: SystemClock
    let logger: Logger
}
