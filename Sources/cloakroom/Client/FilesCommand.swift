public import ArgumentParser
import CloakroomClient
public import CloakroomDomain

struct FilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "List, show and delete files on a server.",
        subcommands: [List.self, Show.self, Delete.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List files, newest first.",
            usage: """
                cloakroom files list [--status <status>] [--content-type <type>] [--limit <count>] [--json]
                    [--server <url>] [--key <key>] [--organization <organization>]
                """,
            discussion: """
                Prints one line for each file. The columns are separated by tabs: id, status, size in bytes, media type, \
                creation time, name.

                List the ten newest images:
                  cloakroom files list --content-type 'image/*' --limit 10

                \(ServerOptions.discussion)
                """)

        @Option(help: "List only files with this status.")
        var status: FileQuery.Status?
        @Option(
            help: ArgumentHelp(
                "List only files of this media type, for example image/png or image/*.", valueName: "type"))
        var contentType: String?
        @Option(
            help: ArgumentHelp(
                "List at most this many files. Without this option, all files are listed.", valueName: "count"))
        var limit: Int?
        @Flag(help: "Print a JSON object for each file instead.")
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
                    try StandardOutput.print(json ? FileOutput.json(file) : FileOutput.columns(file))
                    rest -= 1
                    if rest == 0 { break }
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the properties of files.",
            usage: """
                cloakroom files show <id> ... [--json] [--server <url>] [--key <key>]
                    [--organization <organization>]
                """,
            discussion: """
                Prints one line for each file, with the columns of 'cloakroom files list'.

                \(ServerOptions.discussion)
                """)

        @Argument(help: ArgumentHelp("The ids of files: file_ and a UUID.", valueName: "id"))
        var ids: [String]
        @Flag(help: "Print a JSON object for each file instead.")
        var json = false
        @OptionGroup var server: ServerOptions

        func validate() throws { try FilesCommand.validate(self.ids) }

        func run() async throws {
            let client = try self.server.client()
            let (ids, json) = (self.ids.compactMap { FileID($0) }, self.json)
            try await ClientCommand.run {
                for id in ids {
                    let file = try await client.file(id)
                    try StandardOutput.print(json ? FileOutput.json(file) : FileOutput.columns(file))
                }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete files. Their URLs stop working.",
            usage: """
                cloakroom files delete <id> ... [--server <url>] [--key <key>]
                    [--organization <organization>]
                """,
            discussion: ServerOptions.discussion)

        @Argument(help: ArgumentHelp("The ids of files: file_ and a UUID.", valueName: "id"))
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

    static func validate(_ ids: [String]) throws {
        for id in ids where FileID(id) == nil {
            throw ValidationError("<id>: \"\(id)\" is not a file id; it must be file_ and a UUID in lower case.")
        }
    }
}

extension FileQuery.Status: ExpressibleByArgument {}
