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

    private static let defaultServer = "http://127.0.0.1:8080"

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

    /// Makes the client; throws `ExitCode` 64 after a message that says what is missing or wrong.
    func client() throws -> CloakroomClient {
        try ConfigurationError.exiting { () throws(ConfigurationError) in
            let environment = try ConfigurationEnvironment.ofProcess.get()
            let path = try Self.configurationPath()
            let file: ConfigurationFile? = if let path { try ConfigurationFile(ofClient: path) } else { nil }
            let sources = ConfigurationSources(flags: self.flags, environment: environment, file: file)
            let server = try sources.value(.server, allowed: ServerURL.rule) { ServerURL($0) }
            let key = try sources.value(
                .key, allowed: "sk_ and 72 hexadecimal digits; the last 8 are a checksum"
            ) { APIKey($0) }
            let organization = try sources.value(.organization, allowed: OrganizationID.rule) { OrganizationID($0) }
            guard let key else {
                let place = path ?? "the configuration file"
                throw ConfigurationError("there is no API key; set CLOAKROOM_KEY, or \"key\" in \(place)")
            }
            guard let server = server ?? ServerURL(Self.defaultServer) else {
                throw ConfigurationError("\(Self.defaultServer) is not allowed; it must be \(ServerURL.rule)")
            }
            return CloakroomClient(server: server, key: key, organization: organization)
        }
    }

    private var flags: [ConfigurationKey: String] {
        let values: [ConfigurationKey: String?] = [
            .server: self.server, .key: self.key, .organization: self.organization,
        ]
        return values.compactMapValues { $0 }
    }

    /// `$XDG_CONFIG_HOME/cloakroom/config`, by default in `~/.config`; `nil` without a home directory.
    private static func configurationPath() throws(ConfigurationError) -> String? {
        let environment = ProcessInfo.processInfo.environment
        guard let base = environment["XDG_CONFIG_HOME"], !base.isEmpty else {
            return environment["HOME"].flatMap { $0.isEmpty ? nil : "\($0)/.config/cloakroom/config" }
        }
        // A relative path is invalid (XDG Base Directory Specification); it would read what lies in any directory.
        guard base.hasPrefix("/") else {
            throw ConfigurationError("XDG_CONFIG_HOME: \"\(base)\" is not allowed; it must be an absolute path")
        }
        return base + "/cloakroom/config"
    }
}
