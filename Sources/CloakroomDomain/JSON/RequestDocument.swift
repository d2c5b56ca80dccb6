/// A request's body that is a JSON object: the one way by which JSON comes into the service.
///
/// RFC 8259 to the letter, in UTF-8; one byte order mark before it is ignored (§8.1). The names in an object must differ,
/// in objects at any depth.
public struct RequestDocument: Sendable {
    /// Why a body cannot be taken.
    public enum Failure: Error, Hashable, Sendable {
        /// It is no JSON: the offset of the first byte that cannot stand there.
        case malformed(at: Int)
        /// It is JSON, and no object.
        case notAnObject
        /// Arrays and objects are nested deeper than ``RequestDocument/maximumDepth`` in a member.
        case tooDeep
        /// A name appears a second time in its object: at this pointer, which begins at this member of the body.
        case repeatedMember(String, JSONPointer)
    }

    /// How deep arrays and objects may be nested in a member, which may be one that nobody reads.
    public static let maximumDepth = 512
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let bytes: ArraySlice<UInt8>
    private let members: [JSONName: Range<Int>]
    private let nameRanges: [Range<Int>]

    /// Finds the members of a body.
    public init(_ body: [UInt8]) throws(Failure) {
        let bytes = body[...].dropFirst(body.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0)
        try Self.checkEncoding(bytes)
        guard let found = try Self.ranges(in: bytes) else { throw .notAnObject }
        self.bytes = bytes
        self.members = Dictionary(found.map { (JSONName(bytes[$0.name]), $0.value) }) { first, _ in first }
        self.nameRanges = found.map(\.name)
    }

    /// Returns the members of an object in UTF-8, each with its JSON text, in their order; `nil` where it is no object
    /// whose names differ.
    public static func members(of text: ArraySlice<UInt8>) -> [(name: String, text: ArraySlice<UInt8>)]? {
        guard (try? self.checkEncoding(text)) != nil else { return nil }
        let ranges = try? self.ranges(in: text)
        return ranges?.map { (JSONStringLiteral.decode(text[$0.name]), text[$0.value]) }
    }

    private static func checkEncoding(_ bytes: ArraySlice<UInt8>) throws(Failure) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw .malformed(at: bytes.startIndex + error.byteOffsets.lowerBound)
        }
    }

    private static func ranges(
        in bytes: ArraySlice<UInt8>
    ) throws(Failure) -> [(name: Range<Int>, value: Range<Int>)]? {
        var scanner = JSONScanner(bytes, maximumDepth: Self.maximumDepth)
        do throws(JSONScanner.Failure) {
            return try scanner.members()
        } catch {
            switch error {
            case .malformed(let offset): throw .malformed(at: offset)
            case .tooDeep: throw .tooDeep
            case .repeatedName: throw self.repeatedMember(in: bytes)
            }
        }
    }

    /// Finds the name that is repeated, on a second walk: the first keeps no path, which no other body needs.
    private static func repeatedMember(in bytes: ArraySlice<UInt8>) -> Failure {
        var path = JSONPath()
        // The members' depth counts, and the object around them is one more.
        var scanner = JSONScanner(bytes, maximumDepth: Self.maximumDepth + 1)
        try? scanner.walk { path.visit($0) }
        let names = path.names(in: bytes)
        return .repeatedMember(names.first ?? "", JSONPointer(names.dropFirst()))
    }

    /// The names of the members, in their order.
    package var names: [String] { self.nameRanges.map { JSONStringLiteral.decode(self.bytes[$0]) } }

    /// Returns the JSON text of a member, or `nil` where it is not there.
    public subscript(_ name: String) -> ArraySlice<UInt8>? {
        self.members[JSONName(text: name)].map { self.bytes[$0] }
    }

    /// Returns a member's value, or `nil` where the member is not there.
    package func value(_ name: String) -> JSONValue? {
        self[name].map { JSONValue($0) }
    }

    /// Returns a member as the input of a model, or `nil` where it is not there; at the places a string must be a
    /// reference, and in an array there every string.
    public func input(
        _ name: String, referencesAt places: Set<JSONPointer> = []
    ) throws(InputDocument.Failure) -> InputDocument? {
        guard let text = self[name] else { return nil }
        return try InputDocument(text, ReferencePlaces(places))
    }
}
