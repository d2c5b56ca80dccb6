import ArgumentParser
import CloakroomDomain
import Glibc

/// The program: a server, commands for its data directory, and a client.
@main
struct Cloakroom: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloakroom",
        abstract: "Store files and issue presigned URLs for them.",
        discussion: """
            'cloakroom serve' starts the server. The commands keys, organizations, signing-keys, backup, restore and \
            check work on its data directory. The commands upload, download, files and events are a client of a running \
            server.

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
            UploadCommand.self, DownloadCommand.self, FilesCommand.self, EventsCommand.self, VersionCommand.self,
        ])

    static func main() async {
        StandardStreams.prepare()
        do {
            var command = try await self.asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            self.exit(error)
        }
    }

    /// Ends the program: prints a help text to standard output, and what was wrong to standard error.
    private static func exit(_ error: any Error) -> Never {
        var code = self.exitCode(for: error)
        let text = TerminalText.escape(lines: self.fullMessage(for: error))
        if let error = error as? StandardOutput.WriteError {
            StandardError.write(error.description)
        } else if code == .success {
            do throws(StandardOutput.WriteError) {
                if !text.isEmpty { try StandardOutput.print(text) }
            } catch {
                StandardError.write(error.description)
                code = .failure
            }
        } else if !text.isEmpty {
            StandardError.draw(text + "\n")
        }
        Glibc.exit(code.rawValue)
    }
}
