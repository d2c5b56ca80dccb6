import ArgumentParser
import CloakroomDomain
import CloakroomStore

struct OrganizationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "organizations",
        abstract: "Show what organizations store, and limit it.",
        discussion: "A server may be running. It applies a change within one second.",
        subcommands: [List.self, Set.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List organizations with their usage and limits.",
            discussion: """
                Prints one line for each organization. The columns are separated by tabs: id, number of files, bytes, \
                maximum number of files, maximum bytes, creation time, seconds after which new files expire. \
                A hyphen means no limit.
                """)

        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await self.directory.withOrganizations { organizations in
                for organization in try await organizations.list() { try StandardOutput.print(Self.line(organization)) }
            }
        }

        private static func line(_ organization: OrganizationRecord) -> String {
            let limit = { (limit: Int64?) in limit.map { "\($0)" } ?? "-" }
            return [
                organization.id.description, "\(organization.usage.files)", "\(organization.usage.bytes)",
                limit(organization.quota.maximumFiles), limit(organization.quota.maximumBytes),
                organization.createdAt.rfc3339, limit(organization.quota.fileLifetime?.seconds),
            ].joined(separator: "\t")
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set the limits of an organization.",
            usage: """
                cloakroom organizations set <organization> [--max-files <count>] [--max-bytes <bytes>]
                    [--expires-after-seconds <seconds>] [--data-dir <dir>]
                """,
            discussion: """
                The limits apply to new files. Existing files do not change. A limit whose option is missing does not \
                change either.

                Allow an organization 1000 files and 10 GB:
                  cloakroom organizations set acme --max-files 1000 --max-bytes 10000000000
                """)

        /// A limit as it is written: a whole number, or `none`.
        private struct Limit: ExpressibleByArgument, Sendable {
            let value: Int64?

            init?(argument: String) {
                if argument == "none" {
                    self.value = nil
                } else if let value = Int64(argument), value >= 0 {
                    self.value = value
                } else {
                    return nil
                }
            }
        }

        /// A lifetime as it is written: a whole number of seconds, or `none`.
        private struct Lifetime: ExpressibleByArgument, Sendable {
            let value: FileLifetime?

            init?(argument: String) {
                if argument == "none" {
                    self.value = nil
                } else if let value = Int64(argument).flatMap({ FileLifetime(seconds: $0) }) {
                    self.value = value
                } else {
                    return nil
                }
            }
        }

        @Argument(help: "The id of the organization: \(OrganizationID.rule).")
        var organization: String
        @Option(
            help: ArgumentHelp(
                "The maximum number of files, pending and ready. 'none' means no limit.", valueName: "count"))
        private var maxFiles: Limit?
        @Option(
            help: ArgumentHelp(
                "The maximum total of the declared sizes in bytes. 'none' means no limit.", valueName: "bytes"))
        private var maxBytes: Limit?
        @Option(
            help: ArgumentHelp(
                """
                New files expire after this many seconds, or earlier if their upload requests it: 1 to 315360000. \
                'none' means no limit.
                """, valueName: "seconds"))
        private var expiresAfterSeconds: Lifetime?
        @OptionGroup var directory: DataDirectoryOption

        func validate() throws {
            guard OrganizationID(self.organization) != nil else {
                throw ValidationError(
                    "<organization>: \"\(self.organization)\" is not allowed; it must be \(OrganizationID.rule).")
            }
            guard self.maxFiles != nil || self.maxBytes != nil || self.expiresAfterSeconds != nil else {
                throw ValidationError(
                    "Specify at least one of --max-files, --max-bytes and --expires-after-seconds.")
            }
        }

        func run() async throws {
            guard let id = OrganizationID(self.organization) else { return }
            let (files, bytes, lifetime) = (self.maxFiles, self.maxBytes, self.expiresAfterSeconds)
            try await self.directory.withOrganizations { organizations in
                try await organizations.changeQuota(of: id, now: SystemClock().now) { quota in
                    if let files { quota.maximumFiles = files.value }
                    if let bytes { quota.maximumBytes = bytes.value }
                    if let lifetime { quota.fileLifetime = lifetime.value }
                }
            }
        }
    }
}
