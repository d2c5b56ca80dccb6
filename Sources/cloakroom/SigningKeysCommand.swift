import ArgumentParser
import CloakroomDomain
import CloakroomServer
import CloakroomStorage

/// The command `cloakroom signing-keys`.
struct SigningKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing-keys",
        abstract: "Manages the keys that sign presigned URLs; a running server takes a change over.",
        subcommands: [List.self, Rotate.self, Retire.self])

    private static func perform(_ directory: DataDirectoryOption, _ body: (SigningKeyFile) throws -> Void) throws {
        do {
            let directory = try directory.open()
            try directory.alone { try body(SigningKeyFile(directory: directory)) }
        } catch {
            StandardError.write("\(error)")
            throw ExitCode.failure
        }
    }

    /// The command `cloakroom signing-keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys without their secrets: access key id, created, and what it does.")

        @OptionGroup var directory: DataDirectoryOption

        func run() throws {
            try SigningKeysCommand.perform(self.directory) { file in
                for (index, key) in try file.read().keys.enumerated() {
                    print("\(key.accessKeyID)\t\(key.createdAt.rfc3339)\t\(index == 0 ? "signs" : "verifies")")
                }
            }
        }
    }

    /// The command `cloakroom signing-keys rotate`.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a new key that signs from now on; the others go on verifying.")

        @OptionGroup var directory: DataDirectoryOption

        func run() throws {
            try SigningKeysCommand.perform(self.directory) { file in
                let key = try SigningKey.generate(now: SystemClock().now)
                try file.write([key] + (file.exists ? file.read().keys : []))
                print(key.accessKeyID)
            }
        }
    }

    /// The command `cloakroom signing-keys retire ID`.
    struct Retire: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes a key: every URL that it signed is dead.")

        @Argument(help: "The access key id.")
        var id: String
        @OptionGroup var directory: DataDirectoryOption

        func run() throws {
            try SigningKeysCommand.perform(self.directory) { file in
                let keys = try file.read().keys
                let rest = keys.filter { $0.accessKeyID != self.id }
                guard rest.count < keys.count else { throw Refusal(description: "there is no signing key \(self.id)") }
                guard !rest.isEmpty else {
                    throw Refusal(description: "\(self.id) is the only signing key; rotate before you retire it")
                }
                try file.write(rest)
            }
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }
}
