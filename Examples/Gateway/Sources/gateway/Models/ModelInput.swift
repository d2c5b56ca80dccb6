import CloakroomDomain

/// A member of a model's input: what it may be.
enum ModelInput: Sendable {
    /// A text. A command gets the path of a file that holds it.
    case text
    /// A whole number, never negative: as a word it could be an option. With a default it need not be sent.
    case integer(ClosedRange<Int64>, defaultValue: Int64?)
    /// A file reference. A command gets the path of a copy.
    case file(accept: [MediaRange])

    /// The most characters of a text.
    static let maximumTextLength = 10_000

    init(_ place: String, _ document: ConfigurationDocument.Input) throws(ConfigurationError) {
        switch document.kind {
        case "text": self = .text
        case "integer": self = try Self.integer(place, document)
        case "file":
            let accept = (document.accept ?? []).compactMap { MediaRange($0) }
            guard !accept.isEmpty, accept.count == document.accept?.count else {
                throw ConfigurationError("\(place): accept must list media ranges, like image/png or image/*")
            }
            self = .file(accept: accept)
        default: throw ConfigurationError("\(place): kind must be text, integer or file")
        }
    }

    /// Whether there is a value where none was sent.
    var hasDefault: Bool {
        switch self {
        case .integer(_, let defaultValue): defaultValue != nil
        case .text, .file: false
        }
    }

    private static func integer(
        _ place: String, _ document: ConfigurationDocument.Input
    ) throws(ConfigurationError) -> ModelInput {
        let (minimum, maximum) = (document.minimum ?? 0, document.maximum ?? Int64(Int32.max))
        guard 0 <= minimum, minimum <= maximum else {
            throw ConfigurationError("\(place): minimum must be 0 or more, and at most maximum")
        }
        let range = minimum...maximum
        if let value = document.defaultValue, !range.contains(value) {
            throw ConfigurationError("\(place): default must lie between minimum and maximum")
        }
        return .integer(range, defaultValue: document.defaultValue)
    }
}
