/// The conditional fields of a GET or HEAD of a sealed file (RFC 9110 §13).
///
/// The only validator is the strong entity tag, which is the file id: bytes never change once sealed. Conditions on
/// `Last-Modified` have nothing to compare with and are ignored, as §13.1.3 and §13.1.4 ask where there is no such date.
public struct Preconditions: Sendable {
    /// What to do with the request.
    public enum Outcome: Hashable, Sendable {
        /// Answer it.
        case proceed
        /// 304, without a body.
        case notModified
        /// 412.
        case failed
    }

    private let ifMatch: String?
    private let ifNoneMatch: String?
    private let ifRange: String?

    /// Creates conditions.
    ///
    /// - Parameters:
    ///   - ifMatch: The value of `If-Match`, several joined by commas.
    ///   - ifNoneMatch: The value of `If-None-Match`, likewise.
    ///   - ifRange: The value of `If-Range`.
    public init(ifMatch: String?, ifNoneMatch: String?, ifRange: String?) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
        self.ifRange = ifRange
    }

    /// Evaluates in the order of RFC 9110 §13.2.2.
    ///
    /// - Parameter entityTag: The strong tag of the representation, with its quotation marks.
    /// - Returns: What to do with the request.
    public func evaluate(entityTag: String) -> Outcome {
        if let ifMatch, !Self.list(ifMatch, matches: entityTag, weakly: false) { return .failed }
        if let ifNoneMatch, Self.list(ifNoneMatch, matches: entityTag, weakly: true) { return .notModified }
        return .proceed
    }

    /// Whether a `Range` field counts: always without `If-Range`, else only if the tag is the same (§13.1.5).
    ///
    /// - Parameter entityTag: The strong tag of the representation, with its quotation marks.
    /// - Returns: `true` if so.
    public func allowsRange(entityTag: String) -> Bool {
        self.ifRange == nil || self.ifRange == entityTag
    }

    private static func list(_ list: String, matches entityTag: String, weakly: Bool) -> Bool {
        list.split(separator: ",").contains { item in
            let start = item.drop { $0 == " " || $0 == "\t" }
            let end = start.lastIndex { $0 != " " && $0 != "\t" }
            let tag = end.map { start[...$0] } ?? start
            if tag == "*" { return true }
            if tag.hasPrefix("W/") { return weakly && tag.dropFirst(2) == entityTag }
            return tag == entityTag
        }
    }
}
