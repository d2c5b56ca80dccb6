import ArgumentParser

/// The program: a server, commands for its data directory, and a client.
@main
struct Cloakroom: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloakroom",
        abstract: "Stores files and issues presigned URLs for them: hand it a file, get a ticket.",
        version: Version.text,
        subcommands: [
            ServeCommand.self, KeysCommand.self, OrganizationsCommand.self, SigningKeysCommand.self,
            BackupCommand.self, RestoreCommand.self, CheckCommand.self,
            UploadCommand.self, DownloadCommand.self, FilesCommand.self, VersionCommand.self,
        ])
}
