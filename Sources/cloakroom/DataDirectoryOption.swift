import ArgumentParser
import CloakroomLocal
import CloakroomStore
import CloakroomSystem
import Glibc

/// `--data-dir`, of the commands that work beside a server.
struct DataDirectoryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The data directory of the server. Without this option, CLOAKROOM_DATA_DIR names it. (default: storage-data)",
            valueName: "dir"))
    var dataDir: String?

    /// The directory's path.
    ///
    /// A mistake in the environment ends the command with a message and 64.
    var path: String {
        do {
            return try ConfigurationError.exiting { () throws(ConfigurationError) in
                let flags = self.dataDir.map { [ConfigurationKey.dataDir: $0] } ?? [:]
                return try ServeConfiguration.dataDirectory(
                    ConfigurationSources(flags: flags, environment: ConfigurationEnvironment.ofProcess.get()))
            }
        } catch {
            Self.exit(withError: error)
        }
    }

    /// Opens the directory of a store without claiming it; throws where there is none: none is created by a mistyped
    /// path.
    func open() throws -> DataDirectory {
        umask(0o077)
        return try DataDirectory(path: self.path, creates: false, exclusively: false)
    }

    /// Opens the directory as the only one that works with it; throws where a server has it.
    func claim() throws -> DataDirectory {
        umask(0o077)
        return try DataDirectory(path: self.path, creates: false, exclusively: true)
    }

    /// Runs work with the API keys, and ends with a message where that fails.
    func withKeys(_ body: (APIKeys) async throws -> Void) async throws {
        try await self.withRows { try await body($0.keys) }
    }

    /// Runs work with the organizations, and ends with a message where that fails.
    func withOrganizations(_ body: (Organizations) async throws -> Void) async throws {
        try await self.withRows { try await body($0.organizations) }
    }

    private func withRows(_ body: (LocalRows) async throws -> Void) async throws {
        try await ExitCode.reporting {
            try await LocalRows.with(self.open(), health: StorageHealth(logger: .standardError()), body)
        }
    }
}
