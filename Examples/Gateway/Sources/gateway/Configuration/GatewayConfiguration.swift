import CloakroomClient
import CloakroomDomain
import Foundation

/// Everything that can be configured, checked.
struct GatewayConfiguration: Sendable {
    /// Where the gateway's own key comes from: never from the command line, which every user of the machine can read.
    static let keyVariable = "CLOAKROOM_GATEWAY_KEY"
    private static let defaultConcurrentExecutions = 2

    let server: ServerURL
    let key: APIKey
    let address: ListenAddress
    let accounts: [Account]
    let models: [String: Model]
    let concurrentExecutions: Int

    /// Reads and checks the configuration.
    ///
    /// - Parameters:
    ///   - path: Of `gateway.json`.
    ///   - address: `<host>:<port>`.
    ///   - environment: With the gateway's key.
    /// - Throws: ``ConfigurationError``, for the first thing that is wrong.
    init(file path: String, address: String, environment: [String: String]) throws(ConfigurationError) {
        guard let key = environment[Self.keyVariable].flatMap({ APIKey($0) }) else {
            throw ConfigurationError(
                "\(Self.keyVariable): must be a key that `cloakroom keys create --gateway` printed")
        }
        guard let address = ListenAddress(address) else {
            throw ConfigurationError("--address: must be <host>:<port>, the port 0 to 65535")
        }
        let document = try Self.read(path)
        guard let server = ServerURL(document.cloakroom) else {
            throw ConfigurationError("cloakroom: must be \(ServerURL.rule)")
        }
        let concurrentExecutions = document.concurrentExecutions ?? Self.defaultConcurrentExecutions
        guard (1...64).contains(concurrentExecutions) else {
            throw ConfigurationError("concurrent_executions: must be from 1 to 64")
        }
        self.server = server
        self.key = key
        self.address = address
        self.accounts = try Self.accounts(document)
        self.models = try Self.models(document)
        self.concurrentExecutions = concurrentExecutions
    }

    private static func read(_ path: String) throws(ConfigurationError) -> ConfigurationDocument {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return try JSONDecoder().decode(ConfigurationDocument.self, from: data)
        } catch let error as DecodingError {
            throw ConfigurationError("\(path): \(error)")
        } catch {
            throw ConfigurationError("\(path): it cannot be read")
        }
    }

    private static func accounts(_ document: ConfigurationDocument) throws(ConfigurationError) -> [Account] {
        var accounts: [Account] = []
        for entry in document.accounts {
            let account = try Account(entry)
            let isKnown = accounts.contains {
                $0.organization == account.organization || $0.keyDigest == account.keyDigest
            }
            guard !isKnown else {
                throw ConfigurationError("accounts: \(account.organization), or its key, is there twice")
            }
            accounts.append(account)
        }
        return accounts
    }

    private static func models(_ document: ConfigurationDocument) throws(ConfigurationError) -> [String: Model] {
        var models: [String: Model] = [:]
        for (name, entry) in document.models { models[name] = try Model(name: name, entry) }
        return models
    }
}
