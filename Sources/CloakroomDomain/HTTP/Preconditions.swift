/// The conditional fields of a request (RFC 9110 §13).
public struct Preconditions: Sendable {
    /// What a sealed file is compared by (RFC 9110 §8.8); its bytes never change, so both are strong.
    public struct Validators: Hashable, Sendable {
        /// The entity tag, with its quotation marks: the file id.
        public let entityTag: String
        /// `Last-Modified`: when the bytes were sealed.
        public let lastModified: Timestamp

        /// Creates the validators of a file.
        public init(_ id: FileID, lastModified: Timestamp) {
            self.entityTag = Self.entityTag(of: id)
            self.lastModified = lastModified
        }

        fileprivate static func entityTag(of id: FileID) -> String { "\"\(id)\"" }
    }

    /// What to do with the request.
    public enum Outcome: Hashable, Sendable {
        /// Respond as without conditions.
        case proceed
        /// 304, without a body.
        case notModified
        /// 412.
        case failed
    }

    /// The range and conditional fields of a request, in lower case.
    public static let fieldNames: [StaticString] = [
        "range", "if-none-match", "if-match", "if-range", "if-modified-since", "if-unmodified-since",
    ]

    private let ifMatch: String?
    private let ifNoneMatch: String?
    private let ifModifiedSince: Timestamp?
    private let ifUnmodifiedSince: Timestamp?
    private let ifRange: String?

    /// Creates conditions.
    ///
    /// A date that is not one of RFC 9110 §5.6.7 is ignored, as §13.1.3 and §13.1.4 ask.
    ///
    /// - Parameters:
    ///   - ifMatch: The value of `If-Match`, several joined by commas.
    ///   - ifNoneMatch: The value of `If-None-Match`, likewise.
    ///   - ifModifiedSince: The value of `If-Modified-Since`, likewise: more than one date is ignored.
    ///   - ifUnmodifiedSince: The value of `If-Unmodified-Since`, likewise.
    ///   - ifRange: The value of `If-Range`.
    public init(
        ifMatch: String?, ifNoneMatch: String?, ifModifiedSince: String?, ifUnmodifiedSince: String?, ifRange: String?
    ) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
        self.ifModifiedSince = ifModifiedSince.flatMap { Timestamp(httpDate: $0) }
        self.ifUnmodifiedSince = ifUnmodifiedSince.flatMap { Timestamp(httpDate: $0) }
        self.ifRange = ifRange
    }

    /// Evaluates in the order of RFC 9110 §13.2.2: a condition on the tag takes the place of one on the date.
    public func evaluate(_ validators: Validators) -> Outcome {
        if let ifMatch {
            guard Self.list(ifMatch, matches: validators.entityTag, weakly: false) else { return .failed }
        } else if let ifUnmodifiedSince, validators.lastModified > ifUnmodifiedSince {
            return .failed
        }
        if let ifNoneMatch {
            return Self.list(ifNoneMatch, matches: validators.entityTag, weakly: true) ? .notModified : .proceed
        }
        if let ifModifiedSince, validators.lastModified <= ifModifiedSince { return .notModified }
        return .proceed
    }

    /// Evaluates for an upload, in the order of RFC 9110 §13.2.2.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - uploadedAt: When its bytes were sealed; `nil` before that, when it has no representation and no date.
    /// - Returns: The name of the field whose condition is false; `nil` if the upload may go on.
    public func failedField(uploading id: FileID?, uploadedAt: Timestamp?) -> String? {
        let validators = id.flatMap { id in uploadedAt.map { Validators(id, lastModified: $0) } }
        if let ifMatch {
            guard let validators, Self.list(ifMatch, matches: validators.entityTag, weakly: false) else {
                return "If-Match"
            }
        } else if let ifUnmodifiedSince, let validators, validators.lastModified > ifUnmodifiedSince {
            return "If-Unmodified-Since"
        }
        guard validators != nil, let id, self.rejectsRepetition(of: id) else { return nil }
        return "If-None-Match"
    }

    /// Whether `If-None-Match` is false as soon as a file has been uploaded: it names the file's entity tag, or `*`.
    public func rejectsRepetition(of id: FileID) -> Bool {
        guard let ifNoneMatch else { return false }
        return Self.list(ifNoneMatch, matches: Validators.entityTag(of: id), weakly: true)
    }

    /// Whether a `Range` field counts: always without `If-Range`, else only if tag or date are the file's (§13.1.5).
    public func allowsRange(_ validators: Validators) -> Bool {
        guard let ifRange else { return true }
        // An exact comparison: a later date is no match.
        return ifRange == validators.entityTag || Timestamp(httpDate: ifRange) == validators.lastModified
    }

    private static func list(_ list: String, matches entityTag: String, weakly: Bool) -> Bool {
        // A comma between quotation marks is part of a tag (RFC 9110 §8.8.3).
        var isQuoted = false
        let items = list.split { character in
            if character == "\"" { isQuoted.toggle() }
            return character == "," && !isQuoted
        }
        return items.contains { item in
            let tag = Substring(HTTPCharacter.trim(item.utf8))
            if tag == "*" { return true }
            if tag.hasPrefix("W/") { return weakly && tag.dropFirst(2) == entityTag }
            return tag == entityTag
        }
    }
}
