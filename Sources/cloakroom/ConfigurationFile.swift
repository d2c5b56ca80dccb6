import CloakroomDomain
import Foundation

/// A configuration file: a JSON object whose members are keys of one command, each at most once.
struct ConfigurationFile {
    /// The JSON types of values.
    enum ValueType: String {
        case string, number
    }

    let path: String
    /// The JSON texts of the values.
    private let members: [ConfigurationKey: ArraySlice<UInt8>]

    /// Reads the members of a file.
    ///
    /// - Parameters:
    ///   - content: The file's bytes.
    ///   - path: Where they were read, for messages.
    ///   - keys: The keys that are allowed.
    /// - Throws: ``ConfigurationError`` for anything but an object with these keys.
    init(_ content: [UInt8], path: String, keys: Set<ConfigurationKey>) throws(ConfigurationError) {
        var members: [ConfigurationKey: ArraySlice<UInt8>] = [:]
        for (name, text) in try Self.members(of: content, path) {
            guard let key = ConfigurationKey(rawValue: name), keys.contains(key) else {
                throw Self.unknown(name, keys, path)
            }
            guard members.updateValue(text, forKey: key) == nil else { throw Self.repeated(name, path) }
        }
        self.path = path
        self.members = members
    }

    /// Returns a key's value, `nil` if the file has none.
    ///
    /// - Throws: ``ConfigurationError`` for a value of another JSON type.
    func value(
        _ key: ConfigurationKey, as type: ValueType, allowed: String
    ) throws(ConfigurationError) -> ConfigurationSources.Value? {
        guard let text = self.members[key] else { return nil }
        if let value = Self.value(text), value.type == type { return .init(text: value.text, source: self.path) }
        let received = Self.description(of: text, key)
        let kind = type == .string ? "a JSON string (in quotation marks)" : "a JSON number (without quotation marks)"
        throw ConfigurationError(
            "\(key.rawValue) (\(self.path)): \(received) is not allowed; it must be \(kind): \(allowed)")
    }

    /// Whether the file has a value, which may be of a wrong type.
    func contains(_ key: ConfigurationKey) -> Bool {
        self.members[key] != nil
    }

    private static func value(_ text: ArraySlice<UInt8>) -> (text: String, type: ValueType)? {
        switch text.first ?? 0 {
        case UInt8(ascii: "\""):
            (try? JSONDecoder().decode(String.self, from: Data(text))).map { ($0, .string) }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            // As written: a number of any size stays what it is.
            (String(decoding: text, as: UTF8.self), .number)
        default: nil
        }
    }

    private static func description(of text: ArraySlice<UInt8>, _ key: ConfigurationKey) -> String {
        switch (text.first, self.value(text)) {
        case (UInt8(ascii: "["), _): "a list"
        case (UInt8(ascii: "{"), _): "an object"
        case (_, (let text, let type)?):
            key.isSecret ? "a \(type)" : "the \(type) \"\(ConfigurationError.shown(text))\""
        case (UInt8(ascii: "\""), nil): "a string that is not Unicode"
        default: String(decoding: text, as: UTF8.self)
        }
    }

    private static func members(
        of content: [UInt8], _ path: String
    ) throws(ConfigurationError) -> [(name: String, text: ArraySlice<UInt8>)] {
        do throws(RequestDocument.Failure) {
            _ = try RequestDocument(content)
        } catch {
            throw ConfigurationError(file: path, self.description(of: error, content))
        }
        // A request may have a byte order mark, a file may not.
        guard let members = RequestDocument.members(of: content[...]) else {
            throw ConfigurationError(file: path, self.description(of: .malformed(at: 0), content))
        }
        return members
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
        case .repeatedMember(let name, _): return self.repeated(name)
        }
    }

    private static func repeated(_ name: String) -> String {
        "the key \"\(ConfigurationError.shown(name))\" appears more than once"
    }

    private static func repeated(_ name: String, _ path: String) -> ConfigurationError {
        ConfigurationError(file: path, self.repeated(name))
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
