import ArgumentParser
import CloakroomDomain
import CloakroomStore

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Manage API keys.",
        discussion: "A server may be running. It applies a change within one second.",
        subcommands: [Create.self, List.self, Revoke.self, Rotate.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an API key and print it.",
            usage: """
                cloakroom keys create --organization <organization> [<options>]
                cloakroom keys create --gateway [<options>]
                """,
            discussion: """
                The key is printed once. It cannot be shown again, because only its digest is stored.

                Create a key that can read files and nothing else:
                  cloakroom keys create --organization acme --permission files:read
                """)

        @Option(help: "Create a key for this organization: \(OrganizationID.rule).")
        var organization: String?
        @Flag(help: "Create a gateway key. Each request with this key names an organization in X-Organization-ID.")
        var gateway = false
        @Option(help: "A name that identifies the key to people, at most 255 characters.")
        var name = ""
        @Option(
            help: """
                Grant this permission: files:read, files:write, keys:manage or events:read. Repeat the option to grant several. \
                (default: files:read and files:write)
                """)
        var permission: [String] = []
        @Flag(
            help: "Let a gateway key read the events of all organizations. Without --permission it can do nothing else."
        )
        var allEvents = false
        @OptionGroup var directory: DataDirectoryOption

        func validate() throws {
            guard !self.allEvents || self.gateway else {
                throw ValidationError("--all-events: only a gateway key can have it; add --gateway.")
            }
            guard (self.organization != nil) != self.gateway else {
                throw ValidationError("Specify either --organization <organization> or --gateway.")
            }
            if let organization, OrganizationID(organization) == nil {
                throw ValidationError(
                    "--organization: \"\(organization)\" is not allowed; it must be \(OrganizationID.rule).")
            }
            guard APIKeyRecord.isName(self.name) else {
                throw ValidationError(
                    """
                    --name: a name of \(self.name.unicodeScalars.count) characters is not allowed; it must have at most \
                    \(APIKeyRecord.maximumNameLength) characters, without control characters.
                    """
                )
            }
            for text in self.permission where !Permission.ofOrganizations.contains(where: { $0.rawValue == text }) {
                let allowed = Permission.ofOrganizations.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--permission: \"\(text)\" is not allowed; it must be one of \(allowed).")
            }
        }

        func run() async throws {
            var permissions = Set(self.permission.compactMap { Permission(rawValue: $0) })
            if self.allEvents { permissions.insert(.eventsReadAll) }
            if permissions.isEmpty { permissions = Permission.defaults }
            let scope = self.organization.flatMap { OrganizationID($0) }.map { APIKeyRecord.Scope.organization($0) }
            try await self.directory.withKeys { keys in
                try await keys.create(
                    for: scope ?? .gateway, name: self.name,
                    permissions: permissions, now: SystemClock().now
                ) { key in try StandardOutput.print(key.reveal()) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List API keys.",
            discussion: """
                Prints one line for each key. The columns are separated by tabs: id, organization, name, permissions, \
                creation time, time of last use, first characters of the key. The last column is present if the key \
                was revoked or expires, and gives the time.
                """)

        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await self.directory.withKeys { keys in
                for key in try await keys.list() { try StandardOutput.print(Self.line(key)) }
            }
        }

        private static func line(_ key: APIKeyRecord) -> String {
            let owner =
                switch key.scope {
                case .organization(let organization): organization.description
                case .gateway: "(gateway)"
                }
            // A name may hold anything; the line stays one line and its columns stay columns.
            let name = TerminalText.escape(key.name)
            let columns = [
                key.id.description, owner, name.isEmpty ? "-" : name,
                key.permissions.map(\.rawValue).sorted().joined(separator: ","), key.createdAt.rfc3339,
                key.lastUsedAt?.rfc3339 ?? "never", key.visiblePrefix,
            ]
            let end = key.revokedAt.map { "revoked \($0.rfc3339)" } ?? key.expiresAt.map { "expires \($0.rfc3339)" }
            return (columns + (end.map { [$0] } ?? [])).joined(separator: "\t")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke an API key permanently.")

        @Argument(help: "The id of the key: key_ and 16 hexadecimal digits.")
        var id: String
        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await self.directory.withKeys { keys in
                guard let id = APIKeyID(self.id), try await keys.revoke(id, now: SystemClock().now) else {
                    StandardError.write("there is no key \(self.id)")
                    throw ExitCode.failure
                }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an API key that replaces another one, and print it.",
            discussion: """
                The new key has the organization, the name and the permissions of the old key. The old key keeps working \
                for a grace period.
                """)

        @Argument(help: "The id of the old key: key_ and 16 hexadecimal digits.")
        var id: String
        @Option(
            help: ArgumentHelp(
                "Revoke the old key after this many seconds: 0 to 604800. 0 revokes it immediately.",
                valueName: "seconds"))
        var gracePeriodSeconds = APIKeys.defaultGracePeriod
        @OptionGroup var directory: DataDirectoryOption

        func validate() throws {
            let allowed = APIKeys.gracePeriods
            guard allowed.contains(self.gracePeriodSeconds) else {
                throw ValidationError(
                    "--grace-period-seconds: \(self.gracePeriodSeconds) is not allowed; it must be from \(allowed.lowerBound) to \(allowed.upperBound)."
                )
            }
        }

        func run() async throws {
            try await self.directory.withKeys { keys in
                let isRotated =
                    if let id = APIKeyID(self.id) {
                        try await keys.rotate(
                            id, gracePeriodSeconds: self.gracePeriodSeconds, now: SystemClock().now
                        ) { key in try StandardOutput.print(key.reveal()) }
                    } else { false }
                guard isRotated else {
                    StandardError.write("there is no key \(self.id), or it was revoked or has expired")
                    throw ExitCode.failure
                }
            }
        }
    }
}
