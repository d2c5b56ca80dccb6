import ArgumentParser

/// The program: a server, commands for its data directory, and a client.
@main
struct Cloakroom: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloakroom",
        abstract: "Store files and issue presigned URLs for them.",
        discussion: """
            'cloakroom serve' starts the server. The commands keys, organizations, signing-keys, backup, restore and \
            check work on its data directory. The commands upload, download and files are a client of a running server.

            Start a server with a new data directory. It prints an API key.
              cloakroom serve

            In another terminal, upload a file with that key:
              export CLOAKROOM_KEY=sk_...
              cloakroom upload photo.png
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self, KeysCommand.self, OrganizationsCommand.self, SigningKeysCommand.self,
            BackupCommand.self, RestoreCommand.self, CheckCommand.self,
            UploadCommand.self, DownloadCommand.self, FilesCommand.self, VersionCommand.self,
        ])
}
