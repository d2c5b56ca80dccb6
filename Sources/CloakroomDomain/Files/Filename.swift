/// The name a client gives a file: shown back to it, never used as a path.
public struct Filename: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no filename.
    public enum Invalid: Error, Hashable, Sendable {
        /// No characters, or more than ``Filename/maximumLength``.
        case length(Int)
        /// A control character (general category Cc), `/` or `\`.
        case character(Unicode.Scalar)
    }

    /// The most characters (Unicode scalar values) in a name.
    public static let maximumLength = 255

    /// The name as given.
    public let text: String

    /// Reads a name.
    ///
    /// - Parameter text: 1 to 255 Unicode scalar values, without control characters, `/` and `\`.
    /// - Throws: ``Invalid``, naming what is wrong.
    public init(_ text: String) throws(Invalid) {
        let length = text.unicodeScalars.count
        guard (1...Self.maximumLength).contains(length) else { throw .length(length) }
        for scalar in text.unicodeScalars
        where scalar == "/" || scalar == "\\" || scalar.properties.generalCategory == .control {
            throw .character(scalar)
        }
        self.text = text
    }

    /// The part after the last full stop in ASCII lower case, or `nil` without one.
    public var pathExtension: String? {
        guard let dot = self.text.lastIndex(of: "."), dot != self.text.startIndex else { return nil }
        let suffix = self.text[self.text.index(after: dot)...]
        return suffix.isEmpty ? nil : suffix.lowercased()
    }

    /// The name as given.
    public var description: String { self.text }
}
