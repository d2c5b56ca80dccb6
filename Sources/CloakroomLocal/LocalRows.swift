package import CloakroomSQLite
package import CloakroomStore
package import CloakroomSystem
import NIOPosix

/// The rows of a data directory alone, for a command that may run beside its server.
package struct LocalRows: Sendable {
    package let catalog: Catalog
    private let rows: SQLiteRows
    private let threads = NIOThreadPool(numberOfThreads: 1)

    package var keys: APIKeys { APIKeys(rows: self.rows) }
    package var organizations: Organizations { Organizations(rows: self.rows) }

    /// Opens the rows for a while.
    package static func with<Value>(
        _ directory: DataDirectory, health: StorageHealth, _ body: (LocalRows) async throws -> Value
    ) async throws -> Value {
        let rows = try LocalRows(directory, health)
        return try await ending({ try await rows.shutDown() }) { try await body(rows) }
    }

    private init(_ directory: DataDirectory, _ health: StorageHealth) throws {
        self.catalog = try Catalog(directory: directory, owner: .command, health: health)
        self.rows = SQLiteRows(self.catalog, lookups: self.threads, pages: self.threads, events: self.threads)
        self.threads.start()
    }

    private func shutDown() async throws {
        try await self.threads.shutdownGracefully()
        try await self.catalog.shutDown()
    }
}

/// Runs work, and ends what was opened for it; where the work fails, its failure counts.
func ending<Value>(
    _ end: () async throws -> Void, _ work: () async throws -> Value
) async throws -> Value {
    do {
        let value = try await work()
        try await end()
        return value
    } catch {
        try? await end()
        throw error
    }
}
