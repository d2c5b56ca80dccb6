import CloakroomDomain
import CloakroomStore
import Logging

/// What every connection of the storage origin shares.
final class StorageEnvironment: Sendable {
    let uploads: Uploads
    let downloads: Downloads
    let verifier: Verifier
    let signingKeys: SigningKeys
    let limits: StorageOriginLimits
    /// `nil`: an address may have any number of connections.
    let connectionLimiter: ConnectionLimiter?
    /// The connections that wait for slow clients.
    let expendable: ExpendableConnections
    let metrics = StorageMetrics()
    /// `nil`: requests are not logged.
    let accessLog: AccessLog?
    let requestIDs = RequestIDGenerator()
    let clock = SystemClock()
    let logger: Logger

    init(
        storage: Storage, policy: SigningPolicy, signingKeys: SigningKeys, limits: StorageOriginLimits,
        connectionLimiter: ConnectionLimiter?, accessLog: AccessLog?, logger: Logger
    ) {
        self.uploads = storage.uploads
        self.downloads = storage.downloads
        self.verifier = Verifier(policy: policy)
        self.signingKeys = signingKeys
        self.limits = limits
        self.connectionLimiter = connectionLimiter
        self.expendable = ExpendableConnections(maximumConnections: limits.maximumConnections)
        self.accessLog = accessLog
        self.logger = logger
    }
}
