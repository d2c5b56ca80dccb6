/// How long the storage origin waits for a client, and for how many clients at once.
public struct StorageOriginLimits: Sendable {
    /// The time for a request's head, from its first byte or the connection's start, in seconds.
    public var headTimeoutSeconds: Int
    /// The time between two requests of a connection, in seconds.
    public var idleTimeoutSeconds: Int
    /// The window over which a transfer's rate is measured, in seconds.
    public var rateWindowSeconds: Int
    /// The lowest rate of a transfer within a window, in bytes a second.
    public var minimumRate: Int
    /// The most connections at once; further ones are closed at once.
    public var maximumConnections: Int

    /// Returns how many connections a process can hold: each may have a file open as well, and a third is left over.
    ///
    /// - Parameter descriptors: The limit of open files.
    /// - Returns: The number of connections.
    public static func connections(descriptors: Int) -> Int {
        max(64, (descriptors - 512) / 3)
    }

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - headTimeoutSeconds: The time for a request's head, in seconds.
    ///   - idleTimeoutSeconds: The time between two requests of a connection, in seconds.
    ///   - rateWindowSeconds: The window over which a transfer's rate is measured, in seconds.
    ///   - minimumRate: The lowest rate of a transfer within a window, in bytes a second.
    ///   - maximumConnections: The most connections at once.
    public init(
        headTimeoutSeconds: Int = 15, idleTimeoutSeconds: Int = 75, rateWindowSeconds: Int = 20,
        minimumRate: Int = 512, maximumConnections: Int = 16_384
    ) {
        self.headTimeoutSeconds = headTimeoutSeconds
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.rateWindowSeconds = rateWindowSeconds
        self.minimumRate = minimumRate
        self.maximumConnections = maximumConnections
    }
}
