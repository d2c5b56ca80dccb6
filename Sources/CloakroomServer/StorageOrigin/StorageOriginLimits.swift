/// How long the storage origin waits for a client, and for how many clients at once.
public struct StorageOriginLimits: Sendable {
    /// The time for a request's head, from its first byte or the connection's start, in seconds.
    public var headTimeoutSeconds: Int
    /// The time between two requests of a connection, in seconds.
    public var idleTimeoutSeconds: Int
    /// The lowest rate of a transfer.
    public var lowestRate: LowestRate
    /// How long a client may take nothing of a download, in seconds, while connections are not scarce.
    public var downloadStallSeconds: Int
    /// The most connections at once; further ones are closed at once.
    public var maximumConnections: Int

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - headTimeoutSeconds: The time for a request's head, in seconds.
    ///   - idleTimeoutSeconds: The time between two requests of a connection, in seconds.
    ///   - lowestRate: The lowest rate of a transfer.
    ///   - downloadStallSeconds: How long a client may take nothing of a download, in seconds.
    ///   - maximumConnections: The most connections at once.
    public init(
        headTimeoutSeconds: Int = 15, idleTimeoutSeconds: Int = 75, lowestRate: LowestRate = .standard,
        downloadStallSeconds: Int = LowestRate.stallSeconds, maximumConnections: Int = DescriptorBudget.mostConnections
    ) {
        self.headTimeoutSeconds = headTimeoutSeconds
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.lowestRate = lowestRate
        self.downloadStallSeconds = downloadStallSeconds
        self.maximumConnections = maximumConnections
    }
}
