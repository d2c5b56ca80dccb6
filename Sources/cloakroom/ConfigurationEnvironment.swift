import CloakroomDomain
import Foundation

/// The environment variables of the program.
///
/// A name that looks mistyped is an error: its value would have no effect.
struct ConfigurationEnvironment {
    /// Names the configuration file of `serve`.
    static let fileVariable = "CLOAKROOM_CONFIG"
    /// A variable of Examples/Gateway, set in the same shells.
    private static let gatewayVariable = "CLOAKROOM_GATEWAY_KEY"
    private static let prefix = "CLOAKROOM_"

    private let variables: [String: String]

    /// The environment of the program, read when it is first used, with warnings of variables that have no effect.
    ///
    /// A failure says which name resembles the name of a variable that the program reads.
    static let ofProcess = Result { () throws(ConfigurationError) in
        try ConfigurationEnvironment(ProcessInfo.processInfo.environment)
    }

    private init(_ variables: [String: String]) throws(ConfigurationError) {
        self.variables = variables
        let names = ConfigurationKey.allCases.map(\.variable) + [Self.fileVariable]
        let known = Set(names + [Self.gatewayVariable])
        let others = variables.keys.filter { !known.contains($0) && !Self.isOfKubernetes($0) }.sorted()
        for name in others {
            guard let meant = Spelling.nearest(to: name, among: names) else { continue }
            throw ConfigurationError("there is no environment variable \(name); did you mean \(meant)?")
        }
        for name in others where name.hasPrefix(Self.prefix) {
            StandardError.write("warning: there is no environment variable \(name); it has no effect")
        }
    }

    /// Returns a key's value, `nil` if its variable is not set.
    ///
    /// An empty value is a value.
    subscript(key: ConfigurationKey) -> ConfigurationSources.Value? {
        self.variables[key.variable].map { .init(text: $0, source: key.variable) }
    }

    /// Returns the path of the configuration file of `serve`, `nil` if there is none; throws if it is empty.
    func file() throws(ConfigurationError) -> String? {
        guard let path = self.variables[Self.fileVariable] else { return nil }
        guard !path.isEmpty else {
            throw ConfigurationError("\(Self.fileVariable): \"\" is not allowed; it must be the path of a JSON file")
        }
        return path
    }

    /// Whether Kubernetes sets a variable for a service `cloakroom`, or one whose name begins with `cloakroom-`.
    ///
    /// Its names are those of Docker's links: `<name>_SERVICE_HOST`, `<name>_SERVICE_PORT`, `<name>_SERVICE_PORT_<port>`,
    /// `<name>_PORT`, `<name>_PORT_<number>_TCP` and, after that, `_PROTO`, `_PORT` and `_ADDR`.
    private static func isOfKubernetes(_ name: String) -> Bool {
        let ofOtherNames =
            #/
            CLOAKROOM_[A-Z0-9_]+_
            (SERVICE_HOST | SERVICE_PORT(_[A-Z0-9_]+)? | PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)
            /#
        return name.hasPrefix("CLOAKROOM_SERVICE_") || name.hasPrefix("CLOAKROOM_PORT")
            || name.wholeMatch(of: ofOtherNames) != nil
    }
}
