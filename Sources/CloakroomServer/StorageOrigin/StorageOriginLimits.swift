/// How long the storage origin waits for a client, and for how many clients at once.
package struct StorageOriginLimits: Sendable {
    /// The time for a request's head, from its first byte or the connection's start, in seconds.
    package var headTimeoutSeconds: Int
    /// The time between two requests of a connection, in seconds.
    package var idleTimeoutSeconds: Int
    /// The lowest rate of a transfer.
    package var lowestRate: LowestRate
    /// How long a client may take nothing of a download, in seconds, while connections are not scarce.
    package var downloadStallSeconds: Int
    /// The most connections at once; further ones are closed at once.
    package var maximumConnections: Int

    package init(
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
