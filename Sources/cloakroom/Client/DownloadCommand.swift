import ArgumentParser
import CloakroomClient
import CloakroomDomain
import NIOCore

struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Download a file.",
        usage: """
            cloakroom download <id> [--output <path>] [--json] [--server <url>] [--key <key>]
                [--organization <organization>]
            """,
        discussion: """
            Prints the path of the local file. The local file appears when the download is complete.

            Download a file to photo.png:
              cloakroom download file_01a1fa8d-56a2-7000-9ff0-f481e3338277 -o photo.png

            \(ServerOptions.discussion)
            """)

    @Argument(help: "The id of the file: file_ and a UUID.")
    var id: String
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            Write to this path and replace an existing file. A hyphen means standard output. Without this option, the \
            file is written to the current directory under its own name, and an existing file is not replaced.
            """, valueName: "path"))
    var output: String?
    @Flag(help: "Print the properties of the file as a JSON object instead of its path.")
    var json = false
    @OptionGroup var server: ServerOptions

    func validate() throws {
        try FilesCommand.validate([self.id])
    }

    func run() async throws {
        guard let id = FileID(self.id) else { return }
        let client = try self.server.client()
        let (output, json) = (self.output, self.json)
        try await ClientCommand.run {
            guard output != "-" else {
                _ = try await client.download(id) { part throws(CloakroomError) in try Self.print(part) }
                return
            }
            let path: String
            if let output { path = output } else { path = try Self.path(of: try await client.file(id)) }
            let bar = ProgressBar.onTerminal(path, isWanted: !json)
            defer { bar?.remove() }
            let file = try await client.download(id, to: path, replacesExisting: output != nil) { bar?.show($0) }
            bar?.remove()
            try StandardOutput.print(json ? FileOutput.json(file, path: path) : TerminalText.escape(path))
        }
    }

    /// A name that somebody else chose must not become a hidden file, or another directory.
    private static func path(of file: FileMetadata) throws(CloakroomError) -> String {
        let name = file.filename.text
        guard name.utf8.first != UInt8(ascii: "."), !name.utf8.contains(UInt8(ascii: "/")) else {
            throw .file(path: name, reason: "a file with this name is created only with --output")
        }
        return name
    }

    private static func print(_ part: ByteBuffer) throws(CloakroomError) {
        // The buffer's bytes are readable for the call.
        let outcome = part.withUnsafeReadableBytes { bytes in
            Result { () throws(StandardOutput.WriteError) in try StandardOutput.write(bytes) }
        }
        do throws(StandardOutput.WriteError) {
            try outcome.get()
        } catch {
            throw .file(path: "standard output", reason: error.reason)
        }
    }
}
