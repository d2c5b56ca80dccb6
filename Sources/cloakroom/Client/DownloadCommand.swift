import ArgumentParser
import CloakroomClient
import CloakroomDomain
import Glibc
import NIOCore

/// The command `cloakroom download ID`.
struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Downloads a file, and prints the path that it got. The path appears when the file is complete.")

    @Argument(help: "The file's id, file_ and a UUID.")
    var id: String
    @Option(
        name: .shortAndLong,
        help:
            "Where it goes, replacing what is there; - for standard output. Without it, the file's own name in the current directory, where nothing of that name is."
    )
    var output: String?
    @Flag(help: "Prints what is known of the file as a JSON object instead of the path.")
    var json = false
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard FileID(self.id) != nil else {
            throw ValidationError("ID: \"\(self.id)\" is no file id; it must be file_ and a UUID in lower case.")
        }
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
            Swift.print(json ? FileOutput.json(file, path: path) : path)
        }
    }

    /// A name that somebody else chose must not become a hidden file, or another directory.
    private static func path(of file: FileMetadata) throws(CloakroomError) -> String {
        let name = file.filename.text
        guard name.utf8.first != UInt8(ascii: "."), !name.utf8.contains(UInt8(ascii: "/")) else {
            throw .file(path: name, reason: "a file of this name is not made unasked; say -o PATH")
        }
        return name
    }

    private static func print(_ part: ByteBuffer) throws(CloakroomError) {
        var written = 0
        while written < part.readableBytes {
            let rest = part.readableBytesView.dropFirst(written)
            // The pointer lives for the call, and `write` reads `count` bytes from it.
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                throw .file(path: "standard output", reason: String(cString: strerror(errno)))
            }
            written += max(0, count)
        }
    }
}
