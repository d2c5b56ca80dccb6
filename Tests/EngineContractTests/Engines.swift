import CloakroomDomain
import CloakroomLocal
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem
import EngineContracts
import Foundation
import Logging
import NIOPosix
import ReferenceEngine

/// The pairs of engines that the contracts are held against.
enum Engines: String, Sendable, CaseIterable {
    /// In memory, answering at once.
    case memory
    /// In memory, answering later.
    case memoryLater
    /// SQLite and the local disk.
    case local

    /// Runs work with new engines.
    func with(_ body: @Sendable (any RowsContract.Engine, any BlobEngine) async throws -> Void) async throws {
        switch self {
        case .memory, .memoryLater:
            let store = MemoryStore(self == .memory ? .now : .later)
            try await body(store.rows, store.blobs)
        case .local:
            let path = FileManager.default.temporaryDirectory.appending(path: "engines-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: path) }
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let local = try await LocalStore.open(
                DataDirectory(path: path, exclusively: true), health: StorageHealth(logger: logger),
                now: SystemClock().now)
            try await body(
                SQLiteRows(local.pair.catalog, lookups: .singleton, pages: .singleton, events: .singleton),
                local.pair.blobs)
            try await local.shutDown()
        }
    }
}
