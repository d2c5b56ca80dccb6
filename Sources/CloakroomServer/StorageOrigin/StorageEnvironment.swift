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
    let metrics: StorageMetrics
    /// `nil`: requests are not logged.
    let accessLog: AccessLog?
    let requestIDs: RequestIDGenerator
    let clock: SystemClock
    let logger: Logger

    init(
        uploads: Uploads, downloads: Downloads, verifier: Verifier, signingKeys: SigningKeys,
        limits: StorageOriginLimits,
        connectionLimiter: ConnectionLimiter?, metrics: StorageMetrics, accessLog: AccessLog?,
        requestIDs: RequestIDGenerator, clock: SystemClock, logger: Logger
    ) {
        self.uploads = uploads
        self.downloads = downloads
        self.verifier = verifier
        self.signingKeys = signingKeys
        self.limits = limits
        self.connectionLimiter = connectionLimiter
        self.expendable = ExpendableConnections(maximumConnections: limits.maximumConnections)
        self.metrics = metrics
        self.accessLog = accessLog
        self.requestIDs = requestIDs
        self.clock = clock
        self.logger = logger
    }
}
