import ArgumentParser

/// The program's version, by Semantic Versioning.
enum Version {
    static let text = "0.1.0"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() throws {
        try StandardOutput.print("cloakroom \(Version.text)")
    }
}
