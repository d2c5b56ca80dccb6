import CloakroomDomain
import Testing

/// File references in a model's input.
struct InputDocumentTests {
    private static let first = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"
    private static let second = "file_00000000-0000-4000-8000-000000000000"

    private static func input(_ json: String) throws -> InputDocument {
        let document = try RequestDocument(Array(#"{"input":\#(json)}"#.utf8), members: ["input"])
        return try #require(try document.input("input"))
    }

    private static func replaced(_ json: String) throws -> String {
        let input = try self.input(json)
        let urls = Dictionary(uniqueKeysWithValues: input.references.map { ($0.id, "URL") })
        return String(decoding: input.replacingReferences(by: urls), as: UTF8.self)
    }

    /// RFC 8259 leaves all of this to the writer.
    static let untouched = [
        "1e400", "-0", "1.0000", "12345678901234567890123", "null", "true", #""""#, "{}", "[]", " [ 1 ,\t2 ] ",
        #"{"b": 1, "a": 2, "b": 3}"#, #""\u00e9é\ud800\/""#,
        #"{"file_": "file_", "x": "file_F47AC10B-58CC-4372-A567-0E02B2C3D479"}"#,
        #"{"file_f47ac10b-58cc-4372-a567-0e02b2c3d479": 1}"#, #""file_f47ac10b-58cc-4372-a567-0e02b2c3d479 ""#,
    ]

    @Test(arguments: Self.untouched)
    func inputWithoutReferencesIsUntouched(json: String) throws {
        #expect(try Self.replaced(json) == json.trimmingWhitespace)
        #expect(try Self.input(json).references.isEmpty)
    }

    @Test func referencesAreReplacedAndNothingElse() throws {
        let json =
            #"{"n": 1.50, "a":["\#(Self.first)", {"é" :"\#(Self.second)"}],"again": "\u0066ile_f47ac10b-58cc-4372-a567-0e02b2c3d479" }"#
        let input = try Self.input(json)
        #expect(try Self.replaced(json) == #"{"n": 1.50, "a":["URL", {"é" :"URL"}],"again": "URL" }"#)
        #expect(input.references.map(\.id.description) == [Self.first, Self.second])
        #expect(input.references.map { $0.pointers.map(\.description) } == [["/a/0", "/again"], ["/a/1/é"]])
    }

    @Test func wholeInputMayBeAReference() throws {
        let input = try Self.input("\"\(Self.first)\"")
        #expect(input.references.map { $0.pointers.map(\.description) } == [[""]])
    }

    /// RFC 6901 §5.
    @Test func pointersAreEscaped() throws {
        let input = try Self.input(#"{"a/b": {"m~n": {"": "\#(Self.first)"}}}"#)
        #expect(input.references.first?.pointers.map(\.description) == ["/a~1b/m~0n/"])
    }

    /// Unicode holds a slash and an accent for one character; RFC 6901 knows code points.
    @Test(arguments: ["\u{301}", "\u{200D}", "\u{FE0F}"])
    func slashesWithAccentsAreEscaped(accent: String) throws {
        let input = try Self.input(#"{"/\#(accent)x~\#(accent)": "\#(Self.first)"}"#)
        let pointer = try #require(input.references.first?.pointers.first)
        #expect(Array(pointer.description.utf8) == Array("/~1\(accent)x~0\(accent)".utf8))
        #expect(JSONPointer(pointer.description) == pointer)
        #expect(pointer.parent == .root)
    }

    @Test func idsThatAgreeInAHalfAreManyAtNoCost() throws {
        let references = (0..<20_000).map {
            #""file_\#(String(0x1000_0000 + $0, radix: 16))-0000-4000-8000-000000000000""#
        }
        let json = "[\(references.joined(separator: ","))]"
        #expect(throws: InputDocument.Failure.tooManyReferences(limit: 1_000)) { try Self.input(json) }
    }

    @Test(arguments: [(64, true), (65, false)])
    func nestingIsLimited(depth: Int, isAllowed: Bool) throws {
        let json = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        if isAllowed {
            #expect(try Self.replaced(json) == json)
        } else {
            #expect(throws: RequestDocument.Failure.tooDeep) { try Self.input(json) }
        }
    }

    @Test func thousandReferencesAndNoMore() throws {
        let references = (0...1_000).map {
            #""file_00000000-0000-4000-8000-00000000\#(String(0x1000 + $0, radix: 16))""#
        }
        #expect(try Self.input("[\(references.dropLast().joined(separator: ","))]").references.count == 1_000)
        #expect(throws: InputDocument.Failure.tooManyReferences(limit: 1_000)) {
            try Self.input("[\(references.joined(separator: ","))]")
        }
    }

    /// A long name stands in the pointer of everything beneath it.
    @Test func pointersCannotGrowWithoutLimit() {
        let name = String(repeating: "x", count: 100_000)
        let references = Array(repeating: "\"\(Self.first)\"", count: 1_000).joined(separator: ",")
        #expect(throws: InputDocument.Failure.pointersTooLong(limit: 1_048_576)) {
            try Self.input(#"{"\#(name)": [\#(references)]}"#)
        }
    }

    @Test func everyURLIsNamed() throws {
        let error = #expect(throws: InputDocument.Failure.self) {
            try Self.input(#"{"a": "https://x.test/a.png", "b": ["see https://x.test", "data:,x"]}"#)
        }
        let expected = ["/a", "/b/1"].compactMap { JSONPointer($0) }
        #expect(error == .rawURLs(expected))
    }

    // MARK: The body

    /// RFC 8259 allows none of these.
    @Test(arguments: [
        "", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "01", "-", "1.", "1e", ".5", "+1", "tru", "nul", "'a'",
        "\"\u{01}\"", "\"\\x\"", "\"\\u12g4\"", "\"", "{} {}", "[1 2]", "\u{FEFF}{}", "{1:2}", "NaN", "[\"a\"", "\"a\\",
    ])
    func malformedBodyIsRefused(json: String) {
        let error = #expect(throws: RequestDocument.Failure.self) {
            try RequestDocument(Array(json.utf8), members: ["input"])
        }
        guard case .malformed = error else {
            Issue.record("\(json): \(String(describing: error))")
            return
        }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: RequestDocument.Failure.malformed(at: 0)) {
            try RequestDocument([UInt8(ascii: "\""), 0xFF, UInt8(ascii: "\"")], members: [])
        }
    }

    @Test(arguments: ["[]", "1", "null", "\"x\""])
    func bodyMustBeAnObject(json: String) {
        #expect(throws: RequestDocument.Failure.notAnObject) { try RequestDocument(Array(json.utf8), members: []) }
    }

    @Test func membersAreFoundByWhatTheirNamesStandFor() throws {
        let document = try RequestDocument(
            Array(#" {"other": 1, "other": 2, "in\u0070ut" : [1] } "#.utf8), members: ["input"])
        #expect(document["input"].map { String(decoding: $0, as: UTF8.self) } == "[1]")
        #expect(document["other"] == nil)
    }

    @Test func memberThatCountsMayNotBeRepeated() {
        #expect(throws: RequestDocument.Failure.repeatedMember("input")) {
            try RequestDocument(Array(#"{"input": 1, "input": 2}"#.utf8), members: ["input"])
        }
    }
}

extension String {
    /// The text without what JSON allows around a value.
    fileprivate var trimmingWhitespace: String {
        let trimmed = self.drop { " \t\n\r".contains($0) }
        return String(trimmed.reversed().drop { " \t\n\r".contains($0) }.reversed())
    }
}
