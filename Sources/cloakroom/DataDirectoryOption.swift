import ArgumentParser
import CloakroomStorage
import Logging

/// `--data-dir`, of the commands that work beside a server.
struct DataDirectoryOption: ParsableArguments {
    @Option(help: "The server's data directory.")
    var dataDir = "storage-data"

    /// Opens the directory without claiming it.
    func open() throws -> DataDirectory {
        try DataDirectory(path: self.dataDir, exclusively: false)
    }

    /// Runs work with the API keys, and ends with a message where that fails.
    func withKeys(_ body: (APIKeys) async throws -> Void) async throws {
        do {
            let logger = Logger(label: "cloakroom") { StreamLogHandler.standardError(label: $0) }
            let catalog = try Catalog(
                directory: self.open(), owner: .command, health: StorageHealth(logger: logger))
            try await body(APIKeys(catalog: catalog))
            try await catalog.shutDown()
        } catch let code as ExitCode {
            throw code
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
        }
    }
}
