import ArgumentParser
import CloakroomClient
import CloakroomDomain

/// The command `cloakroom upload FILE…`.
struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Uploads files, and prints a line for each: its id and its path, separated by a tab.")

    @Argument(help: "Local files.")
    var files: [String]
    @Option(help: "The media type of all of them; without it, what each name's extension says.")
    var contentType: String?
    @Flag(help: "Prints a JSON object for each file instead.")
    var json = false
    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard let contentType, MediaType(contentType) == nil else { return }
        throw ValidationError(
            "--content-type: \"\(contentType)\" is not allowed; it must be a media type like image/png.")
    }

    func run() async throws {
        let client = try self.server.client()
        let (files, json) = (self.files, self.json)
        let mediaType = self.contentType.flatMap { MediaType($0) }
        try await ClientCommand.run {
            var failures = 0
            for path in files {
                do throws(CloakroomError) {
                    let file = try await Self.upload(path, mediaType, client, showsProgress: !json)
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
        _ path: String, _ mediaType: MediaType?, _ client: CloakroomClient, showsProgress: Bool
    ) async throws(CloakroomError) -> UploadedFile {
        let bar = ProgressBar.onTerminal(path, isWanted: showsProgress)
        defer { bar?.remove() }
        return try await client.upload(file: path, mediaType: mediaType) { bar?.show($0) }
    }
}
