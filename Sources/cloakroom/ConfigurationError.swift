import ArgumentParser

/// A part of the configuration that cannot be used: which, what was received, from where, and what is allowed.
///
/// No message contains an API key, or a URL's user name, password or query.
struct ConfigurationError: Error, CustomStringConvertible {
    /// A longer value is cut in messages.
    private static let maximumLength = 200

    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// An error of a configuration file as a whole.
    init(file path: String, _ description: String) {
        self.init("configuration file \"\(path)\": \(description)")
    }

    /// A value that is not allowed.
    init(_ key: ConfigurationKey, _ value: ConfigurationSources.Value, allowed: String) {
        let received = key.isSecret ? "the value" : "\"\(Self.shown(value.text))\""
        self.init("\(key.rawValue) (\(value.source)): \(received) is not allowed; it must be \(allowed)")
    }

    /// Runs a part of a command that reads the configuration; after an error, prints it and ends the command with 64.
    static func exiting<Value>(_ body: () throws(ConfigurationError) -> Value) throws -> Value {
        do throws(ConfigurationError) {
            return try body()
        } catch {
            StandardError.write(error.description)
            throw ExitCode.validationFailure
        }
    }

    /// Returns a value without what may be secret in it.
    static func shown(_ text: String) -> String {
        var shown = text.replacing(/[Ss][Kk]_[0-9A-Za-z]+/, with: "sk_…")
        // What precedes an at sign in a URL is a user name and perhaps a password.
        if let sign = shown.lastIndex(of: "@") { shown = "…" + shown[sign...] }
        if let query = shown.firstIndex(where: { $0 == "?" || $0 == "#" }) { shown = shown[...query] + "…" }
        return shown.count > Self.maximumLength ? shown.prefix(Self.maximumLength) + "…" : shown
    }
}
