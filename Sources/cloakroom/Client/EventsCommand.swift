import ArgumentParser
import CloakroomClient

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Print what happens to files.",
        usage: """
            cloakroom events [--follow] [--after <cursor>] [--types <types>] [--limit <count>] [--json]
                [--server <url>] [--key <key>] [--organization <organization>]
            """,
        discussion: """
            Prints one line for each event. The columns are separated by tabs: time, type, file id, name, size in bytes. \
            An event can appear more than once.

            Print the files that become ready, from now on:
              cloakroom events --follow --types file.ready

            When the command is interrupted, it prints to standard error after which cursor to continue.

            \(ServerOptions.discussion)
            """)

    /// How many events a request asks for.
    static let pageSize = 200

    @Flag(help: "Wait for further events and print them as they happen.")
    var follow = false
    @Option(
        help: ArgumentHelp(
            """
            Begin after this cursor, with the next event (now), or with the oldest one that the server has kept \
            (oldest). Without this option, the command begins with the oldest event, with --follow with the next one.
            """, valueName: "cursor"))
    var after: String?
    @Option(
        help: ArgumentHelp(
            "Print only events of these types, separated by commas, for example file.ready,file.deleted.",
            valueName: "types"))
    var types: String?
    @Option(
        help: ArgumentHelp(
            "Print at most this many events. Without this option, the number is not limited.", valueName: "count"))
    var limit: Int?
    @Flag(
        help: """
            Print a JSON object for each event instead. Its member cursor is where to continue after the event; without \
            --follow, not every event has one, but the last one does.
            """)
    var json = false
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if let after, Self.start(after) == nil {
            throw ValidationError(
                "--after: \"\(after)\" is not allowed; it must be now, oldest, or a cursor that the server has issued.")
        }
        if let types, types.split(separator: ",", omittingEmptySubsequences: false).contains("") {
            throw ValidationError("--types: \"\(types)\" is not allowed; it must be like file.ready,file.deleted.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit: \(limit) is not allowed; it must be 1 or more.") }
    }

    func run() async throws {
        let client = try self.server.client()
        let follow = self.follow
        let printer = EventPrinter(
            client: client, start: self.after.flatMap { Self.start($0) } ?? (follow ? .now : .oldest),
            types: self.types?.split(separator: ",").map { FileEvent.Kind(rawValue: String($0)) } ?? [],
            json: self.json, limit: self.limit ?? .max)
        try await ClientCommand.run {
            var printer = printer
            do {
                if follow { try await printer.follow() } else { try await printer.printLog() }
            } catch {
                if printer.hasMoved, Self.canContinue(after: error), let place = printer.place {
                    StandardError.write("continue with --after \(place)")
                }
                throw error
            }
        }
    }

    private static func start(_ text: String) -> EventStart? {
        switch text {
        case "now": .now
        case "oldest": .oldest
        default: EventCursor(text).map { .cursor($0) }
        }
    }

    /// Whether the place is worth knowing: not where it is the reason, and not where nobody reads any more.
    private static func canContinue(after error: any Error) -> Bool {
        switch error {
        case CloakroomError.service(let service): service.code != "EVENT_CURSOR_GONE"
        case is StandardOutput.WriteError: Task.isCancelled
        default: true
        }
    }
}
