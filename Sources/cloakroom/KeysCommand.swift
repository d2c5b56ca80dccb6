import ArgumentParser
import CloakroomDomain
import CloakroomServer
import CloakroomStorage

/// The command `cloakroom keys`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Manages API keys, also beside a running server.",
        subcommands: [Create.self, List.self, Revoke.self, Rotate.self])

    /// The command `cloakroom keys create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Creates an API key and prints it; it is never shown again.")

        @Option(help: "The organization the key acts for: \(OrganizationID.rule).")
        var organization: String?
        @Flag(help: "Creates a gateway key, which names an organization with each request.")
        var gateway = false
        @Option(help: "A name to recognise the key by, at most 255 characters.")
        var name = ""
        @Option(
            help:
                "What the key may do: files:read, files:write or keys:manage; repeat for several. (default: files:read and files:write)"
        )
        var permission: [String] = []
        @OptionGroup var directory: DataDirectoryOption

        func validate() throws {
            guard (self.organization != nil) != self.gateway else {
                throw ValidationError("Say either --organization ORG or --gateway.")
            }
            if let organization, OrganizationID(organization) == nil {
                throw ValidationError(
                    "--organization: \"\(organization)\" is not allowed; it must be \(OrganizationID.rule).")
            }
            guard APIKeyRecord.isName(self.name) else {
                throw ValidationError(
                    "--name: it has \(self.name.unicodeScalars.count) characters; at most \(APIKeyRecord.maximumNameLength) are allowed, none of them a control character."
                )
            }
            for text in self.permission where Permission(rawValue: text) == nil {
                let allowed = Permission.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--permission: \"\(text)\" is not allowed; it must be one of \(allowed).")
            }
        }

        func run() async throws {
            let permissions = Set(self.permission.compactMap { Permission(rawValue: $0) })
            let scope = self.organization.flatMap { OrganizationID($0) }.map { APIKeyRecord.Scope.organization($0) }
            try await self.directory.withKeys(creates: true) { keys in
                let (_, key) = try await keys.create(
                    for: scope ?? .gateway, name: self.name,
                    permissions: permissions.isEmpty ? Permission.defaults : permissions, now: SystemClock().now)
                print(key.reveal())
            }
        }
    }

    /// The command `cloakroom keys list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Lists the keys: id, organization, name, permissions, created, last used, first characters, and revoked or expires where so; separated by tabs."
        )

        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await self.directory.withKeys { keys in
                for key in try keys.list() { print(Self.line(key)) }
            }
        }

        private static func line(_ key: APIKeyRecord) -> String {
            let owner =
                switch key.scope {
                case .organization(let organization): organization.description
                case .gateway: "(gateway)"
                }
            // A name may hold anything; the line stays one line and its columns stay columns.
            let name = key.name.map { $0.isNewline || $0 == "\t" ? " " : $0 }
            let columns = [
                key.id.description, owner, name.isEmpty ? "-" : String(name),
                key.permissions.map(\.rawValue).sorted().joined(separator: ","), key.createdAt.rfc3339,
                key.lastUsedAt?.rfc3339 ?? "never", key.visiblePrefix,
            ]
            let end = key.revokedAt.map { "revoked \($0.rfc3339)" } ?? key.expiresAt.map { "expires \($0.rfc3339)" }
            return (columns + (end.map { [$0] } ?? [])).joined(separator: "\t")
        }
    }

    /// The command `cloakroom keys revoke ID`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revokes a key for good.")

        @Argument(help: "The key's id, key_ and 16 digits.")
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

    /// The command `cloakroom keys rotate ID`.
    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a new key with the organization, name and permissions of another, which ends.")

        @Argument(help: "The key's id, key_ and 16 digits.")
        var id: String
        @Option(help: "For how long the old key works on, in seconds: 0 to 604800; with 0 it is revoked at once.")
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
                guard let id = APIKeyID(self.id),
                    let (_, key) = try await keys.rotate(
                        id, gracePeriodSeconds: self.gracePeriodSeconds, now: SystemClock().now)
                else {
                    StandardError.write("there is no key \(self.id) that is neither revoked nor expired")
                    throw ExitCode.failure
                }
                print(key.reveal())
            }
        }
    }
}
