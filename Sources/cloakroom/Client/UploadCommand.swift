import ArgumentParser
import CloakroomClient
import CloakroomDomain

/// The command `cloakroom upload FILE…`.
struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Upload files.",
        usage: """
            cloakroom upload <file> ... [--content-type <type>] [--expires-after-seconds <seconds>]
                [--json] [--server <url>] [--key <key>] [--organization <organization>]
            """,
        discussion: """
            Prints one line for each file: its id and its path, separated by a tab.

            Upload two files:
              cloakroom upload photo.png report.pdf

            \(ServerOptions.discussion)
            """)

    @Argument(help: ArgumentHelp("The paths of local files.", valueName: "file"))
    var files: [String]
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
        let (files, json, expiresAfterSeconds) = (self.files, self.json, self.expiresAfterSeconds)
        let mediaType = self.contentType.flatMap { MediaType($0) }
        try await ClientCommand.run {
            var failures = 0
            for path in files {
                do throws(CloakroomError) {
                    let file = try await Self.upload(
                        path, mediaType, expiresAfterSeconds, client, showsProgress: !json)
                    print(json ? FileOutput.json(file, path: path) : "\(file.id)\t\(path)")
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

    private static func upload(
        _ path: String, _ mediaType: MediaType?, _ expiresAfterSeconds: Int64?, _ client: CloakroomClient,
        showsProgress: Bool
    ) async throws(CloakroomError) -> UploadedFile {
        let bar = ProgressBar.onTerminal(path, isWanted: showsProgress)
        defer { bar?.remove() }
        return try await client.upload(
            file: path, mediaType: mediaType, expiresAfterSeconds: expiresAfterSeconds
        ) { bar?.show($0) }
    }
}
