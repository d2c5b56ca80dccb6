import CloakroomDomain
import Testing

/// File references in a model's input.
struct InputDocumentTests {
    private static let first = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"
    private static let second = "file_00000000-0000-4000-8000-000000000000"

    private static func input(_ json: String, referencesAt places: [String] = []) throws -> InputDocument {
        let document = try RequestDocument(Array(#"{"input":\#(json)}"#.utf8))
        let pointers = try places.map { try #require(JSONPointer($0)) }
        return try #require(try document.input("input", referencesAt: Set(pointers)))
    }

    private static func replaced(_ json: String) throws -> String {
        let input = try self.input(json)
        let urls = Dictionary(uniqueKeysWithValues: input.references.map { ($0.id, "URL") })
        return String(decoding: input.replacingReferences(by: urls), as: UTF8.self)
    }

    /// RFC 8259 leaves all of this to the writer.
    static let untouched = [
        "1e400", "-0", "1.0000", "12345678901234567890123", "null", "true", #""""#, "{}", "[]", " [ 1 ,\t2 ] ",
        #"{"b": 1, "a": 2, "B": 3}"#, #""\u00e9é\ud800\/""#,
        #"{"\ud800": 1, "\ud801": 2, "\ufffd": 3}"#, #"{"é": 1, "e\u0301": 2}"#,
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
            #expect(throws: InputDocument.Failure.tooDeep(limit: 64)) { try Self.input(json) }
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
        #expect(error == .unfitStrings(expected.map { .init(pointer: $0, cause: .rawURL) }))
    }

    // MARK: Places that take only references

    struct PlaceCase: CustomTestStringConvertible, Sendable {
        let places: [String]
        let json: String
        /// The strings that are refused.
        let unfit: [String]

        init(_ places: [String], _ json: String, unfit: [String]) {
            self.places = places
            self.json = json
            self.unfit = unfit
        }

        var testDescription: String { "\(self.places) \(self.json)" }
    }

    static let places: [PlaceCase] = [
        PlaceCase(["/a"], #"{"a": "x"}"#, unfit: ["/a"]),
        PlaceCase(["/a"], #"{"a": ""}"#, unfit: ["/a"]),
        PlaceCase(["/a"], #"{"a": "\#(first)"}"#, unfit: []),
        PlaceCase(["/a"], #"{"a": "\#(first) "}"#, unfit: ["/a"]),
        PlaceCase(["/a"], #"{"\u0061": "x"}"#, unfit: ["/a"]),
        PlaceCase(["/a"], #"{"b": "x", "A": "x", "": "x"}"#, unfit: []),
        // What is no string passes.
        PlaceCase(["/a", "/b", "/c", "/d", "/e"], #"{"a": null, "b": 1, "c": true, "d": {}, "e": []}"#, unfit: []),
        PlaceCase(["/a"], "{}", unfit: []),
        // Elements of an array there, and nothing deeper.
        PlaceCase(["/a"], #"{"a": ["x", null, 1, "\#(first)", "y"]}"#, unfit: ["/a/0", "/a/4"]),
        PlaceCase(["/a"], #"{"a": [["x"], {"b": "x"}], "c": "x"}"#, unfit: []),
        PlaceCase(["/a"], #"{"a": {"b": "x", "0": "x"}}"#, unfit: []),
        PlaceCase(["/a/0"], #"{"a": ["x", "y"]}"#, unfit: ["/a/0"]),
        PlaceCase(["/a/0"], #"{"a": {"0": "x"}}"#, unfit: ["/a/0"]),
        PlaceCase(["/a/00", "/a/-", "/a/0/"], #"{"a": ["x"]}"#, unfit: []),
        PlaceCase(["/a/1"], #"{"a": [{"b": "x"}, ["x", {"c": "x"}], "x"]}"#, unfit: ["/a/1/0"]),
        // The input itself.
        PlaceCase([""], #""x""#, unfit: [""]),
        PlaceCase([""], #"["x"]"#, unfit: ["/0"]),
        PlaceCase([""], #"{"a": "x"}"#, unfit: []),
        // Names by their code points.
        PlaceCase(["/~1/~0/~01"], #"{"/": {"~": {"~1": "x"}}}"#, unfit: ["/~1/~0/~01"]),
        PlaceCase(["/é"], #"{"e\u0301": "x"}"#, unfit: []),
        PlaceCase(["/"], #"{"": "x"}"#, unfit: ["/"]),
        // Several, one on the way to another.
        PlaceCase(["/a", "/a/b/c", "/d"], #"{"a": {"b": {"c": "x"}}, "d": "y"}"#, unfit: ["/a/b/c", "/d"]),
    ]

    @Test(arguments: Self.places)
    func stringsAtPlacesAreReferences(_ example: PlaceCase) throws {
        guard !example.unfit.isEmpty else {
            _ = try Self.input(example.json, referencesAt: example.places)
            return
        }
        let error = #expect(throws: InputDocument.Failure.self) {
            _ = try Self.input(example.json, referencesAt: example.places)
        }
        let expected = example.unfit.compactMap { JSONPointer($0) }
        #expect(error == .unfitStrings(expected.map { .init(pointer: $0, cause: .noReference) }))
    }

    /// An input has 64 levels, of which the last holds the string.
    @Test(arguments: [(64, true), (65, false), (1_000_000, false)])
    func placesAreAsDeepAsInputs(depth: Int, isFound: Bool) throws {
        let place = String(repeating: "/0", count: depth)
        let json = String(repeating: "[", count: 64) + #""x""# + String(repeating: "]", count: 64)
        if isFound {
            #expect(throws: InputDocument.Failure.self) { try Self.input(json, referencesAt: [place]) }
        } else {
            _ = try Self.input(json, referencesAt: [place])
        }
    }

    @Test func urlAtAPlaceIsAURL() throws {
        let error = #expect(throws: InputDocument.Failure.self) {
            _ = try Self.input(#"{"a": "https://x.test", "b": "x"}"#, referencesAt: ["/a", "/b"])
        }
        let (first, second) = try (#require(JSONPointer("/a")), #require(JSONPointer("/b")))
        #expect(
            error
                == .unfitStrings([.init(pointer: first, cause: .rawURL), .init(pointer: second, cause: .noReference)]))
    }
}

extension String {
    /// The text without what JSON allows around a value.
    fileprivate var trimmingWhitespace: String {
        let trimmed = self.drop { " \t\n\r".contains($0) }
        return String(trimmed.reversed().drop { " \t\n\r".contains($0) }.reversed())
    }
}
