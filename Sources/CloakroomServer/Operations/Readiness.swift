public import CloakroomStorage

/// Whether the service can do its work: the catalogue takes writes and the disk has room.
public struct Readiness: Sendable {
    private let catalog: Catalog
    private let directory: DataDirectory
    private let health: StorageHealth
    private let minimumFreeBytes: UInt64
    /// Fewer free inodes than this are as bad as a full disk.
    private static let minimumFreeFiles: UInt64 = 1_000

    /// Wires the checks.
    ///
    /// - Parameters:
    ///   - catalog: The rows.
    ///   - directory: Where everything lies.
    ///   - health: Whether writes are refused.
    ///   - minimumFreeBytes: With less room than this the service is not ready.
    public init(catalog: Catalog, directory: DataDirectory, health: StorageHealth, minimumFreeBytes: UInt64) {
        self.catalog = catalog
        self.directory = directory
        self.health = health
        self.minimumFreeBytes = minimumFreeBytes
    }

    /// Returns why the service is not ready; nothing where it is.
    public func problems() async -> [String] {
        var problems: [String] = []
        if let reason = self.health.reasonToRefuseWrites { problems.append("writes are refused: \(reason)") }
        do throws(StorageError) {
            try await self.catalog.checkWritable()
        } catch {
            problems.append("the catalogue takes no writes: \(error)")
        }
        if let space = self.directory.freeSpace() {
            if space.bytes < self.minimumFreeBytes {
                problems.append("\(space.bytes) bytes are free, fewer than \(self.minimumFreeBytes)")
            }
            // A file system without a fixed number of inodes reports 0 in all and 0 free.
            if space.files > 0, space.files < Self.minimumFreeFiles {
                problems.append("\(space.files) inodes are free")
            }
        } else {
            problems.append("the free space cannot be told")
        }
        return problems
    }
}
