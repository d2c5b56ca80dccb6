import ArgumentParser
import CloakroomDomain
import CloakroomLocal
import CloakroomSystem

struct SigningKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signing-keys",
        abstract: "Manage the keys that sign presigned URLs.",
        discussion: "A server may be running. It applies a change within one second.",
        subcommands: [List.self, Rotate.self, Retire.self])

    private static func perform(
        _ directory: DataDirectoryOption, _ body: (SigningKeyFile) throws -> Void
    ) async throws {
        try await ExitCode.reporting {
            let directory = try directory.open()
            try directory.alone { try body(SigningKeyFile(directory: directory)) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List signing keys without their secrets.",
            discussion: """
                Prints one line for each key. The columns are separated by tabs: access key id, creation time, and \
                'signs' for the key that signs new URLs or 'verifies' for the others.
                """)

        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await SigningKeysCommand.perform(self.directory) { file in
                for (index, key) in try file.read().keys.enumerated() {
                    try StandardOutput.print(
                        "\(key.accessKeyID)\t\(key.createdAt.rfc3339)\t\(index == 0 ? "signs" : "verifies")")
                }
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a signing key that signs all new URLs.",
            discussion: "Prints its access key id. URLs that the other keys signed keep working.")

        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await SigningKeysCommand.perform(self.directory) { file in
                let key = try SigningKey.generate(now: SystemClock().now)
                try file.write([key] + (file.exists ? file.read().keys : []))
                do throws(StandardOutput.WriteError) {
                    try StandardOutput.print(key.accessKeyID)
                } catch {
                    throw Rejection(description: "\(error); the signing key \(key.accessKeyID) was added")
                }
            }
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a signing key. All URLs that it signed stop working.")

        @Argument(help: "The access key id of the signing key.")
        var id: String
        @OptionGroup var directory: DataDirectoryOption

        func run() async throws {
            try await SigningKeysCommand.perform(self.directory) { file in
                let keys = try file.read().keys
                let rest = keys.filter { $0.accessKeyID != self.id }
                guard rest.count < keys.count else {
                    throw Rejection(description: "there is no signing key \(self.id)")
                }
                guard !rest.isEmpty else {
                    throw Rejection(description: "\(self.id) is the only signing key; add one before you retire it")
                }
                try file.write(rest)
            }
        }
    }

    private struct Rejection: Error, CustomStringConvertible {
        let description: String
    }
}
