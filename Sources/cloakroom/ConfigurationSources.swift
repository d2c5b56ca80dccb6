/// Where values come from: flags win over the environment, the environment over the file.
struct ConfigurationSources {
    /// A value as text, and where it was found.
    struct Value {
        let text: String
        let source: String
    }

    private let flags: [ConfigurationKey: String]
    private let environment: ConfigurationEnvironment
    private let file: ConfigurationFile?

    init(
        flags: [ConfigurationKey: String], environment: ConfigurationEnvironment, file: ConfigurationFile? = nil
    ) {
        self.flags = flags
        self.environment = environment
        self.file = file
    }

    /// Reads a value.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - type: What it is in a file; another type there is an error, even if another source has a value.
    ///   - allowed: What is allowed, for messages.
    ///   - parse: Returns `nil` for a text that is not allowed.
    /// - Returns: The value; `nil` if no source has one.
    /// - Throws: ``ConfigurationError`` for a value that is not allowed.
    func value<Result>(
        _ key: ConfigurationKey, as type: ConfigurationFile.ValueType = .string, allowed: String,
        _ parse: (String) -> Result?
    ) throws(ConfigurationError) -> Result? {
        let inFile = try self.file?.value(key, as: type, allowed: allowed)
        guard let value = self.flag(key) ?? self.environment[key] ?? inFile else { return nil }
        guard let parsed = parse(value.text) else { throw ConfigurationError(key, value, allowed: allowed) }
        return parsed
    }

    private func flag(_ key: ConfigurationKey) -> Value? {
        self.flags[key].map { Value(text: $0, source: "--\(key.rawValue)") }
    }
}
