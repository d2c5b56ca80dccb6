import ArgumentParser
import CloakroomClient
import CloakroomDomain
import Foundation

/// Which service to talk to, and with which key: an option wins over the environment, that over the file.
struct ServerOptions: ParsableArguments {
    /// A paragraph for the help of each command.
    static let discussion = """
        The configuration file is ~/.config/cloakroom/config, a JSON object with the members "server", "key" and \
        "organization". All of them are optional.
        """

    @Option(
        help: ArgumentHelp(
            """
            The base URL of the API. Without this option, CLOAKROOM_SERVER or the configuration file gives it. \
            (default: http://127.0.0.1:8080)
            """, valueName: "url"))
    var server: String?
    @Option(
        help: """
            The API key. Without this option, CLOAKROOM_KEY or the configuration file gives it. Prefer those: other \
            users can see the command line for a moment.
            """)
    var key: String?
    @Option(
        help: """
            The organization that a gateway key acts for. Without this option, CLOAKROOM_ORGANIZATION or the \
            configuration file names it.
            """)
    var organization: String?

    /// The keys of the configuration file.
    private struct ConfigurationFile: Decodable {
        var server: String?
        var key: String?
        var organization: String?
    }

    /// Takes the key out of what other users see of the process.
    func validate() throws {
        guard let key else { return }
        for index in 0..<Int(CommandLine.argc) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            let text = String(cString: argument)
            guard text == key || text.hasPrefix("--key=") else { continue }
            // The argument's own bytes, up to its end.
            memset(argument, Int32(UInt8(ascii: "x")), strlen(argument))
        }
    }

    /// Makes the client.
    ///
    /// - Returns: The client.
    /// - Throws: `ExitCode` 64 after a message that says what is missing or wrong.
    func client() throws -> CloakroomClient {
        let file = try Self.configurationFile()
        let environment = ProcessInfo.processInfo.environment
        let server = self.server ?? environment["CLOAKROOM_SERVER"] ?? file.server ?? "http://127.0.0.1:8080"
        guard let url = ServerURL(server) else {
            throw Self.refusal("server: \"\(server)\" is not allowed; it must be \(ServerURL.rule)")
        }
        guard let text = self.key ?? environment["CLOAKROOM_KEY"] ?? file.key else {
            throw Self.refusal("there is no API key; set CLOAKROOM_KEY, or \"key\" in \(Self.configurationPath)")
        }
        guard let key = APIKey(text) else {
            throw Self.refusal("key: it must be sk_ and 72 hexadecimal digits; the last 8 are a checksum")
        }
        let name = self.organization ?? environment["CLOAKROOM_ORGANIZATION"] ?? file.organization
        let organization = try name.map { text in
            guard let organization = OrganizationID(text) else {
                throw Self.refusal("organization: \"\(text)\" is not allowed; it must be \(OrganizationID.rule)")
            }
            return organization
        }
        return CloakroomClient(server: url, key: key, organization: organization)
    }

    /// `$XDG_CONFIG_HOME/cloakroom/config`, by default in `~/.config`.
    private static var configurationPath: String {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        return (base ?? "\(environment["HOME"] ?? "")/.config") + "/cloakroom/config"
    }

    private static func configurationFile() throws -> ConfigurationFile {
        let path = self.configurationPath
        guard let content = FileManager.default.contents(atPath: path) else { return ConfigurationFile() }
        guard let file = try? JSONDecoder().decode(ConfigurationFile.self, from: content) else {
            throw self.refusal("\(path): it must be a JSON object with strings \"server\", \"key\", \"organization\"")
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let permissions = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
        guard file.key == nil || permissions & 0o077 == 0 else {
            throw self.refusal("\(path) contains an API key and is readable by other users; use chmod 600")
        }
        return file
    }

    private static func refusal(_ message: String) -> ExitCode {
        StandardError.write(message)
        return ExitCode(64)
    }
}
