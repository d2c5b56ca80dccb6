import ArgumentParser
import Foundation

/// The program: a gateway in front of models, whose files are kept by Cloakroom.
@main
struct Gateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "Runs models, which are commands, on files that Cloakroom keeps: an example.",
        discussion: """
            The gateway's own key for Cloakroom, made with `cloakroom keys create --gateway`, is read from the \
            environment variable \(GatewayConfiguration.keyVariable).
            """)

    @Option(help: "A JSON file: where Cloakroom is, the accounts and the models.")
    var config: String
    @Option(help: "Where to listen; port 0 takes a free one.")
    var address = "127.0.0.1:8090"

    func run() async throws {
        do {
            let configuration = try GatewayConfiguration(
                file: self.config, address: self.address, environment: ProcessInfo.processInfo.environment)
            try await Composition(configuration).run()
        } catch let error as ConfigurationError {
            Self.complain(error.description)
            throw ExitCode(64)
        } catch {
            Self.complain("\(error)")
            throw ExitCode.failure
        }
    }

    /// Standard output is for what a script reads.
    private static func complain(_ message: String) {
        FileHandle.standardError.write(Data("gateway: \(message)\n".utf8))
    }
}
