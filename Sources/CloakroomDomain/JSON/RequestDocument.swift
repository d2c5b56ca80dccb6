/// A request whose body holds an ``InputDocument`` among other members.
public struct RequestDocument: Sendable {
    /// Why a body cannot be taken.
    public enum Failure: Error, Hashable, Sendable {
        /// It is no JSON: the offset of the first byte that cannot stand there.
        case malformed(at: Int)
        /// It is JSON, and no object.
        case notAnObject
        /// Arrays and objects are nested deeper than ``InputDocument/maximumDepth`` in a member.
        case tooDeep
        /// A member stands there twice.
        case repeatedMember(String)
    }

    private let bytes: [UInt8]
    private let members: [String: Range<Int>]

    /// Finds the members of a body.
    ///
    /// - Parameters:
    ///   - bytes: The body.
    ///   - names: The members that count; others may be anything.
    /// - Throws: ``Failure``.
    public init(_ bytes: [UInt8], members names: [String]) throws(Failure) {
        // JSON is UTF-8 (RFC 8259 §8.1).
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed(at: 0) }
        var members: [String: Range<Int>] = [:]
        guard let found = try Self.ranges(in: bytes) else { throw .notAnObject }
        for member in found {
            let name = JSONStringLiteral.decode(bytes[member.name])
            guard names.contains(name) else { continue }
            guard members.updateValue(member.value, forKey: name) == nil else { throw .repeatedMember(name) }
        }
        self.bytes = bytes
        self.members = members
    }

    /// Returns the members of an object, each with its JSON text.
    ///
    /// - Parameter text: A JSON text, as ``subscript(_:)`` gives it.
    /// - Returns: The names, of which some may be the same, and texts in their order; `nil` where it is no object.
    public static func members(of text: ArraySlice<UInt8>) -> [(name: String, text: ArraySlice<UInt8>)]? {
        let bytes = Array(text)
        let ranges = try? self.ranges(in: bytes)
        return ranges?.map { (JSONStringLiteral.decode(bytes[$0.name]), bytes[$0.value]) }
    }

    private static func ranges(
        in bytes: [UInt8]
    ) throws(Failure) -> [(name: Range<Int>, value: Range<Int>)]? {
        var scanner = JSONScanner(bytes, maximumDepth: InputDocument.maximumDepth)
        do throws(JSONScanner.Failure) {
            return try scanner.members()
        } catch .malformed(let offset) {
            throw .malformed(at: offset)
        } catch {
            throw .tooDeep
        }
    }

    /// Returns the JSON text of a member.
    ///
    /// - Parameter name: One of those that count.
    /// - Returns: The text, or `nil` where the member is not there.
    public subscript(_ name: String) -> ArraySlice<UInt8>? {
        self.members[name].map { self.bytes[$0] }
    }

    /// Returns a member as the input of a model.
    ///
    /// - Parameter name: One of those that count.
    /// - Returns: The input, or `nil` where the member is not there.
    /// - Throws: ``InputDocument/Failure``.
    public func input(_ name: String) throws(InputDocument.Failure) -> InputDocument? {
        guard let range = self.members[name] else { return nil }
        return try InputDocument(self.bytes, range)
    }
}
