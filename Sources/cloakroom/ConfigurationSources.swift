import Configuration
import SystemPackage

/// Where values come from: flags win over the environment, the environment over the file.
struct ConfigurationSources {
    /// A value as text, and where it was found.
    struct Value {
        let text: String
        let source: String
    }

    private static let prefix = "cloakroom"
    private let flags: [ConfigurationKey: String]
    private let environment: EnvironmentVariablesProvider
    private let file: FileProvider<JSONSnapshot>?
    private let path: String?

    /// Reads the environment, and the file if there is one.
    ///
    /// - Parameters:
    ///   - flags: What the command line says.
    ///   - file: The path of a JSON file; without one, what `CLOAKROOM_CONFIG` names.
    /// - Throws: ``ConfigurationError`` where the file cannot be read.
    init(flags: [ConfigurationKey: String], file: String?) async throws {
        self.flags = flags
        self.environment = EnvironmentVariablesProvider()
        self.path = file ?? Self.text(self.environment, [Self.prefix, "config"])
        guard let path = self.path else {
            self.file = nil
            return
        }
        let file: FileProvider<JSONSnapshot>
        do {
            file = try await FileProvider<JSONSnapshot>(filePath: FilePath(path))
        } catch {
            throw ConfigurationError("config: \(path) cannot be read as a JSON object: \(error)")
        }
        try Self.checkLists(file, path)
        self.file = file
    }

    /// Returns a key's value, `nil` where no source has one.
    subscript(_ key: ConfigurationKey) -> Value? {
        if let text = self.flags[key] { return Value(text: text, source: "--\(key.rawValue)") }
        if let text = Self.text(self.environment, [Self.prefix, key.rawValue]) {
            let name = "\(Self.prefix)_\(key.rawValue)".uppercased().replacing("-", with: "_")
            return Value(text: text, source: name)
        }
        if let file = self.file, let text = Self.text(file, [key.rawValue]) {
            return Value(text: text, source: self.path ?? "file")
        }
        return nil
    }

    /// Refuses a list where one value is wanted: falling back to the default would hide it.
    private static func checkLists(_ file: FileProvider<JSONSnapshot>, _ path: String) throws(ConfigurationError) {
        for key in ConfigurationKey.allCases {
            for type in [ConfigType.stringArray, .intArray, .doubleArray, .boolArray] {
                let result = try? file.value(forKey: AbsoluteConfigKey([key.rawValue]), type: type)
                guard result?.value != nil else { continue }
                throw ConfigurationError("\(key.rawValue) (\(path)): a list is not allowed; it must be one value")
            }
        }
    }

    /// A JSON file may give a number as a number.
    private static func text(_ provider: some ConfigProvider, _ components: [String]) -> String? {
        let key = AbsoluteConfigKey(components)
        for type in [ConfigType.string, .int, .double, .bool] {
            guard let result = try? provider.value(forKey: key, type: type), let content = result.value?.content else {
                continue
            }
            switch content {
            case .string(let value): return value
            case .int(let value): return "\(value)"
            case .double(let value): return "\(value)"
            case .bool(let value): return "\(value)"
            default: return nil
            }
        }
        return nil
    }
}
