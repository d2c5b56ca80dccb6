import ArgumentParser
import CloakroomClient
import CloakroomDomain

struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Upload files.",
        usage: """
            cloakroom upload <file> ... [--filename <name>] [--content-type <type>]
                [--expires-after-seconds <seconds>] [--json] [--server <url>] [--key <key>]
                [--organization <organization>]
            """,
        discussion: """
            Prints one line for each file: its id and its path, separated by a tab.

            Upload two files:
              cloakroom upload photo.png report.pdf

            Upload the output of another program:
              tar -cz photos | cloakroom upload - --filename photos.tar.gz

            \(ServerOptions.discussion)
            """)

    @Argument(
        help: ArgumentHelp(
            "The paths of local files. A hyphen means standard input, which is copied to TMPDIR first.",
            valueName: "file"))
    var files: [String]
    @Option(
        help: ArgumentHelp(
            """
            The name of the file, required for standard input and allowed for one file only. Without this option, the \
            path determines it.
            """, valueName: "name"))
    var filename: String?
    @Option(
        help: ArgumentHelp(
            "The media type of all files. Without this option, the extension of each file name determines it.",
            valueName: "type"))
    var contentType: String?
    @Option(
        help: ArgumentHelp(
            """
            The files expire after this many seconds: 1 to 315360000. Without this option, the setting of the \
            organization applies.
            """, valueName: "seconds"))
    var expiresAfterSeconds: Int64?
    @Flag(help: "Print a JSON object for each file instead.")
    var json = false
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if let filename {
            guard self.files.count == 1 else {
                throw ValidationError("--filename is allowed for one file only; there are \(self.files.count).")
            }
            do throws(Filename.Invalid) {
                _ = try Filename(filename)
            } catch {
                throw ValidationError("--filename: \(error).")
            }
        } else if self.files.contains("-") {
            throw ValidationError("Specify --filename <name> for standard input, which has no name.")
        }
        if let contentType, MediaType(contentType) == nil {
            throw ValidationError(
                "--content-type: \"\(contentType)\" is not allowed; it must be a media type like image/png.")
        }
        if let expiresAfterSeconds, FileLifetime(seconds: expiresAfterSeconds) == nil {
            let (least, most) = (FileLifetime.range.lowerBound, FileLifetime.range.upperBound)
            throw ValidationError(
                "--expires-after-seconds: \(expiresAfterSeconds) is not allowed; it must be from \(least) to \(most).")
        }
    }

    func run() async throws {
        let client = try self.server.client()
        let upload = Upload(
            client: client, filename: self.filename.flatMap { try? Filename($0) },
            mediaType: self.contentType.flatMap { MediaType($0) }, expiresAfterSeconds: self.expiresAfterSeconds,
            json: self.json)
        let files = self.files
        try await ClientCommand.run {
            var failures = 0
            for path in files {
                do throws(CloakroomError) {
                    let file = try await upload(path)
                    try upload.show(file, path)
                } catch .cancelled {
                    throw CancellationError()
                } catch {
                    // The others are uploaded nevertheless.
                    if case .file = error {
                        StandardError.write(error.description)
                    } else {
                        StandardError.write("\(path): \(error.description)")
                    }
                    failures += 1
                }
            }
            if failures > 0 { throw ExitCode.failure }
        }
    }

    /// What is the same for all files.
    private struct Upload: Sendable {
        let client: CloakroomClient
        let filename: Filename?
        let mediaType: MediaType?
        let expiresAfterSeconds: Int64?
        let json: Bool

        func callAsFunction(_ path: String) async throws(CloakroomError) -> UploadedFile {
            let source = path == "-" ? try StandardInput.spool() : nil
            let bar = ProgressBar.onTerminal(path, isWanted: !self.json)
            defer { bar?.remove() }
            guard let source, let filename else {
                return try await self.client.upload(
                    file: path, filename: self.filename, mediaType: self.mediaType,
                    expiresAfterSeconds: self.expiresAfterSeconds
                ) { bar?.show($0) }
            }
            return try await self.client.upload(
                source, filename: filename, mediaType: self.mediaType, expiresAfterSeconds: self.expiresAfterSeconds
            ) { bar?.show($0) }
        }

        /// Prints a file's id, without which nobody finds it.
        func show(_ file: UploadedFile, _ path: String) throws(CloakroomError) {
            let line =
                self.json ? FileOutput.json(file, path: path) : "\(file.id)\t\(TerminalText.escape(path))"
            do throws(StandardOutput.WriteError) {
                try StandardOutput.print(line)
            } catch {
                throw .file(path: "standard output", reason: "\(error.reason); \(path) was uploaded as \(file.id)")
            }
        }
    }
}
