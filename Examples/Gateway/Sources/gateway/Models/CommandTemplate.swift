/// A command with places to fill in: `convert {image}[0] -paint 4 png:{output}`, as an array of words.
///
/// It is run as it stands here, without a shell. What is filled in are numbers, and paths of files that the gateway
/// named itself: no character that a customer wrote ever stands in a word, so that none can become an option, a file
/// name of ImageMagick's kind (`@file`, `label:…`) or a percent escape.
struct CommandTemplate: Sendable {
    private enum Part: Sendable {
        case text(String)
        case placeholder(String)
    }

    private let template: [[Part]]

    /// Reads a command; `nil` without a program, which is never a placeholder.
    init?(_ words: [String]) {
        guard let program = words.first, !program.isEmpty, Self.placeholders(of: Self.parts(of: program)).isEmpty else {
            return nil
        }
        self.template = words.map { Self.parts(of: $0) }
    }

    /// What there is to fill in.
    var placeholders: Set<String> {
        Set(self.template.flatMap { Self.placeholders(of: $0) })
    }

    /// Returns the command's words.
    ///
    /// - Parameter values: One for each placeholder.
    /// - Returns: The words, the program first; `nil` where a value is missing.
    func words(_ values: [String: String]) -> [String]? {
        var filled: [String] = []
        for word in self.template {
            var text = ""
            for part in word {
                switch part {
                case .text(let literal): text += literal
                case .placeholder(let name):
                    guard let value = values[name] else { return nil }
                    text += value
                }
            }
            filled.append(text)
        }
        return filled
    }

    private static func placeholders(of parts: [Part]) -> [String] {
        var names: [String] = []
        for case .placeholder(let name) in parts { names.append(name) }
        return names
    }

    /// Braces around anything but a name stand for themselves.
    private static func parts(of word: String) -> [Part] {
        var parts: [Part] = []
        var rest = word[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = rest[rest.index(after: open)..<close]
            if Model.isName(name) {
                parts.append(.text(String(rest[..<open])))
                parts.append(.placeholder(String(name)))
            } else {
                parts.append(.text(String(rest[...close])))
            }
            rest = rest[rest.index(after: close)...]
        }
        parts.append(.text(String(rest)))
        return parts
    }
}
