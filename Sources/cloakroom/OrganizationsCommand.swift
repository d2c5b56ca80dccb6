import ArgumentParser
import CloakroomDomain
import CloakroomServer
import CloakroomStorage

/// The command `cloakroom organizations`.
struct OrganizationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "organizations",
        abstract: "Shows what organizations keep, and sets how much they may and for how long.",
        subcommands: [List.self, Set.self])

    /// The command `cloakroom organizations list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Lists the organizations: id, files, bytes, most files, most bytes (- for any number), created, seconds \
                that files are kept (- for any); separated by tabs.
                """)

        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await self.directory.withOrganizations { organizations in
                for organization in try organizations.list() { print(Self.line(organization)) }
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

    /// The command `cloakroom organizations set ORG`.
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets how much an organization may keep and for how long; what it keeps already stays as it is.")

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

        @Argument(help: "The organization: \(OrganizationID.rule).")
        var organization: String
        @Option(help: "The most files, pending and ready; none for any number.")
        private var maxFiles: Limit?
        @Option(help: "The most bytes, as declared; none for any number.")
        private var maxBytes: Limit?
        @Option(
            help: """
                After how many seconds files end that are created from now on, unless they ask for less: 1 to \
                315360000, or none for any life.
                """)
        private var expiresAfterSeconds: Lifetime?
        @OptionGroup var directory: DataDirectoryOption

        func validate() throws {
            guard OrganizationID(self.organization) != nil else {
                throw ValidationError(
                    "ORG: \"\(self.organization)\" is not allowed; it must be \(OrganizationID.rule).")
            }
            guard self.maxFiles != nil || self.maxBytes != nil || self.expiresAfterSeconds != nil else {
                throw ValidationError(
                    "Say --max-files, --max-bytes, --expires-after-seconds or several: a whole number, or none.")
            }
        }

        func run() async throws {
            guard let id = OrganizationID(self.organization) else { return }
            let (files, bytes, lifetime) = (self.maxFiles, self.maxBytes, self.expiresAfterSeconds)
            try await self.directory.withOrganizations(creates: true) { organizations in
                try await organizations.changeQuota(of: id, now: SystemClock().now) { quota in
                    if let files { quota.maximumFiles = files.value }
                    if let bytes { quota.maximumBytes = bytes.value }
                    if let lifetime { quota.fileLifetime = lifetime.value }
                }
            }
        }
    }
}
