import CloakroomDomain

/// A configuration file: a JSON object whose members are keys of one command, each at most once.
struct ConfigurationFile {
    /// The JSON types of values.
    enum ValueType: String {
        case string, number
    }

    let path: String
    private let document: RequestDocument

    /// Reads the members of a file, which must be an object with these keys alone.
    init(_ content: [UInt8], path: String, keys: Set<ConfigurationKey>) throws(ConfigurationError) {
        self.document = try Self.document(content, path)
        self.path = path
        for name in self.document.names {
            guard let key = ConfigurationKey(rawValue: name), keys.contains(key) else {
                throw Self.unknown(name, keys, path)
            }
        }
    }

    /// Returns a key's value, `nil` if the file has none; throws for a value of another JSON type.
    func value(
        _ key: ConfigurationKey, as type: ValueType, allowed: String
    ) throws(ConfigurationError) -> ConfigurationSources.Value? {
        guard let text = self.document[key.rawValue], let value = self.document.value(key.rawValue) else { return nil }
        if let read = Self.read(value, text), read.type == type { return .init(text: read.text, source: self.path) }
        let received = Self.description(of: value, text, key)
        let kind = type == .string ? "a JSON string (in quotation marks)" : "a JSON number (without quotation marks)"
        throw ConfigurationError(
            "\(key.rawValue) (\(self.path)): \(received) is not allowed; it must be \(kind): \(allowed)")
    }

    /// Whether the file has a value, which may be of a wrong type.
    func contains(_ key: ConfigurationKey) -> Bool {
        self.document[key.rawValue] != nil
    }

    /// A number is kept as it is written: one of any size stays what it is.
    private static func read(_ value: JSONValue, _ text: ArraySlice<UInt8>) -> (text: String, type: ValueType)? {
        switch value {
        case .string(let text): (text, .string)
        case .integer, .number: (String(decoding: text, as: UTF8.self), .number)
        case .null, .boolean, .brokenString, .array, .object: nil
        }
    }

    private static func description(
        of value: JSONValue, _ text: ArraySlice<UInt8>, _ key: ConfigurationKey
    ) -> String {
        switch value {
        case .array: "a list"
        case .object: "an object"
        case .brokenString: "a string that is not Unicode"
        case .null, .boolean: String(decoding: text, as: UTF8.self)
        case .string(let text): key.isSecret ? "a string" : "the string \"\(ConfigurationError.shown(text))\""
        case .integer, .number:
            key.isSecret
                ? "a number" : "the number \"\(ConfigurationError.shown(String(decoding: text, as: UTF8.self)))\""
        }
    }

    private static func document(_ content: [UInt8], _ path: String) throws(ConfigurationError) -> RequestDocument {
        do throws(RequestDocument.Failure) {
            // A request may have a byte order mark, a file may not.
            guard !content.starts(with: [0xEF, 0xBB, 0xBF]) else { throw .malformed(at: 0) }
            return try RequestDocument(content)
        } catch {
            throw ConfigurationError(file: path, self.description(of: error, content))
        }
    }

    private static func description(of failure: RequestDocument.Failure, _ content: [UInt8]) -> String {
        switch failure {
        case .malformed(let offset):
            let before = content.prefix(offset).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let column = String(decoding: before.last ?? [], as: UTF8.self).count + 1
            return content.isEmpty
                ? "it is empty; it must be a JSON object"
                : "line \(max(1, before.count)), column \(column): this is not JSON; the file must be a JSON object"
        case .notAnObject: return "it must be a JSON object"
        case .tooDeep: return "its values are nested too deeply; each must be a string or a number"
        case .repeatedMember(let name, _): return "the key \"\(ConfigurationError.shown(name))\" appears more than once"
        }
    }

    private static func unknown(
        _ name: String, _ keys: Set<ConfigurationKey>, _ path: String
    ) -> ConfigurationError {
        let shown = ConfigurationError.shown(name)
        let names = ConfigurationKey.allCases.filter { keys.contains($0) }.map(\.rawValue)
        if ConfigurationKey(rawValue: name) != nil {
            let owner = keys == ConfigurationKey.ofServe ? "commands that talk to a service" : "the command serve"
            return ConfigurationError(
                file: path, "\"\(shown)\" is a key of \(owner); allowed here are \(names.joined(separator: ", "))")
        }
        if let meant = Spelling.nearest(to: name, among: names) {
            return ConfigurationError(file: path, "there is no key \"\(shown)\"; did you mean \"\(meant)\"?")
        }
        return ConfigurationError(
            file: path, "there is no key \"\(shown)\"; allowed are \(names.joined(separator: ", "))")
    }
}
