public import ArgumentParser
import CloakroomClient
public import CloakroomDomain

/// The command `cloakroom files`.
struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Lists, shows and deletes files of a service.",
        subcommands: [List.self, Show.self, Delete.self])

    /// The command `cloakroom files list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists files, newest first: id, status, bytes, type, created, name; separated by tabs.")

        @Option(help: "Only files of this status: pending or ready.")
        var status: FileQuery.Status?
        @Option(help: "Only files of this type, like image/png or image/*.")
        var contentType: String?
        @Option(help: "The most files; all without it.")
        var limit: Int?
        @Flag(help: "Prints a JSON object for each file instead.")
        var json = false
        @OptionGroup var server: ServerOptions

        func validate() throws {
            if let contentType, MediaRange(contentType) == nil {
                throw ValidationError(
                    "--content-type: \"\(contentType)\" is not allowed; it must be like image/png or image/*.")
            }
            if let limit, limit < 1 { throw ValidationError("--limit: \(limit) is not allowed; it must be 1 or more.") }
        }

        func run() async throws {
            let client = try self.server.client()
            let (status, limit, json) = (self.status, self.limit ?? .max, self.json)
            let range = self.contentType.flatMap { MediaRange($0) }
            try await ClientCommand.run {
                var rest = limit
                for try await file in client.files(status: status, mediaRange: range, pageSize: min(200, limit)) {
                    print(json ? FileOutput.json(file) : FileOutput.columns(file))
                    rest -= 1
                    if rest == 0 { break }
                }
            }
        }
    }

    /// The command `cloakroom files show ID…`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what is known of files, in the columns of list.")

        @Argument(help: "Ids of files, file_ and a UUID.")
        var ids: [String]
        @Flag(help: "Prints a JSON object for each file instead.")
        var json = false
        @OptionGroup var server: ServerOptions

        func validate() throws { try FilesCommand.validate(self.ids) }

        func run() async throws {
            let client = try self.server.client()
            let (ids, json) = (self.ids.compactMap { FileID($0) }, self.json)
            try await ClientCommand.run {
                for id in ids {
                    let file = try await client.file(id)
                    print(json ? FileOutput.json(file) : FileOutput.columns(file))
                }
            }
        }
    }

    /// The command `cloakroom files delete ID…`.
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes files: their bytes are gone, and their URLs are dead.")

        @Argument(help: "Ids of files, file_ and a UUID.")
        var ids: [String]
        @OptionGroup var server: ServerOptions

        func validate() throws { try FilesCommand.validate(self.ids) }

        func run() async throws {
            let client = try self.server.client()
            let ids = self.ids.compactMap { FileID($0) }
            try await ClientCommand.run {
                for id in ids { try await client.delete(id) }
            }
        }
    }

    private static func validate(_ ids: [String]) throws {
        for id in ids where FileID(id) == nil {
            throw ValidationError("ID: \"\(id)\" is no file id; it must be file_ and a UUID in lower case.")
        }
    }
}

extension FileQuery.Status: ExpressibleByArgument {}
