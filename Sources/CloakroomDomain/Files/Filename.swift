/// The name a client gives a file: shown back to it, never used as a path.
public struct Filename: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no filename.
    public enum Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        /// No characters, or more than ``Filename/maximumLength``.
        case length(Int)
        /// A control character (general category Cc), `/` or `\`.
        case character(Unicode.Scalar)

        /// What is wrong, in words.
        public var description: String {
            switch self {
            case .length(let length):
                return "a filename must have 1 to \(Filename.maximumLength) characters; this one has \(length)"
            case .character(let scalar):
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                return "a filename must not contain control characters, / or \\; this one contains U+\(code)"
            }
        }
    }

    /// The most characters (Unicode scalar values) in a name.
    public static let maximumLength = 255

    /// The name as given.
    public let text: String

    /// Reads a name of 1 to 255 Unicode scalar values, without control characters, `/` and `\`; throws what is wrong.
    public init(_ text: String) throws(Invalid) {
        let length = text.unicodeScalars.count
        guard (1...Self.maximumLength).contains(length) else { throw .length(length) }
        for scalar in text.unicodeScalars
        where scalar == "/" || scalar == "\\" || scalar.properties.generalCategory == .control {
            throw .character(scalar)
        }
        self.text = text
    }

    /// A name that was read when it was declared, and has been in the catalogue since: it is not looked through again.
    package init(stored text: String) {
        self.text = text
    }

    /// The part after the last full stop in ASCII lower case, or `nil` without one.
    public var pathExtension: String? {
        // Bytes, not characters: a mark that follows a full stop makes it no other full stop.
        let bytes = Array(self.text.utf8)
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot + 1 < bytes.count else { return nil }
        let suffix = bytes[(dot + 1)...].map { $0.asciiLowercased }
        return String(decoding: suffix, as: UTF8.self)
    }

    /// The name as given.
    public var description: String { self.text }
}
