/// How a process shares out its descriptors, so that neither origin can take those that others need.
///
/// A connection counts twice: it may need one more for the file that it sends or receives. The storage origin and the
/// API have the same number of connections, each its own, so one that is flooded leaves the other what it had.
package struct DescriptorBudget: Hashable, Sendable {
    /// The most connections of an origin, however many descriptors there are.
    package static let mostConnections = 16_384

    /// The fewest connections of an origin, however few descriptors there are.
    private static let fewestConnections = 4
    /// For each origin, a connection and its file.
    private static let descriptorsPerPair = 4
    /// For the 256 shards and the rest of the data directory, the writer of the catalogue, packs that are being
    /// written, the listeners, what 16 threads for the disk have open, and 20 connections of the operations listener.
    private static let reserve = 360
    /// For an event loop, and for reading the catalogue on each thread that a core stands for.
    private static let reservePerCore = 10

    /// The most blobs that are kept open for reading, and the most packs.
    package let openBlobs: Int
    /// The most connections at once to the storage origin, and to the API.
    package let connections: Int

    package init(descriptors: Int, cores: Int) {
        self.openBlobs = min(2_048, max(32, descriptors / 20))
        let rest = descriptors - 2 * self.openBlobs - Self.reserve - Self.reservePerCore * cores
        self.connections = min(Self.mostConnections, max(Self.fewestConnections, rest / Self.descriptorsPerPair))
    }
}
