import CloakroomDomain
import Testing

/// The one way by which JSON comes in: RFC 8259, and names that differ.
struct RequestDocumentTests {
    private static func document(_ json: String) throws -> RequestDocument {
        try RequestDocument(Array(json.utf8))
    }

    /// RFC 8259 allows none of these.
    @Test(arguments: [
        "", " ", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "{,}", "[,1]", "01", "-01", "-", "1.", "1e", "1e+",
        ".5",
        "+1", "0x1", "1_0", "tru", "nul", "True", "'a'", "{a:1}", "\"\u{01}\"", "\"a\tb\"", "\"\\x\"", "\"\\u12g4\"",
        "\"\\u+123\"", "\"", "{} {}", "{}]", "[1 2]", "\u{FEFF}\u{FEFF}{}", " \u{FEFF}{}", "{}\u{FEFF}", "{\u{A0}}",
        "{1:2}", "{null:1}", "NaN", "-Infinity", "[\"a\"", "\"a\\", "// x\n{}", "/**/{}", "{}\u{0}", "{\u{0C}}",
        "\u{661}",
    ])
    func malformedBodyIsRefused(json: String) {
        let error = #expect(throws: RequestDocument.Failure.self) { try Self.document(json) }
        guard case .malformed = error else {
            Issue.record("\(json): \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [
        (#"{"a": 01}"#, 7), (#"{"a":1,}"#, 7), ("\u{FEFF}[1,]", 6), ("", 0),
    ])
    func malformedByteIsNamed(json: String, offset: Int) {
        #expect(throws: RequestDocument.Failure.malformed(at: offset)) { try Self.document(json) }
    }

    /// RFC 3629: a byte that is never there, an overlong form, a surrogate, one past U+10FFFF, a sequence cut short.
    @Test(
        arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func invalidUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: RequestDocument.Failure.malformed(at: 6)) {
            try RequestDocument(Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8))
        }
    }

    @Test(arguments: ["[]", "1", "null", "\"x\"", "\u{FEFF}true"])
    func bodyMustBeAnObject(json: String) {
        #expect(throws: RequestDocument.Failure.notAnObject) { try Self.document(json) }
    }

    @Test func membersAreFoundByWhatTheirNamesStandFor() throws {
        let document = try Self.document("\u{FEFF}" + #" {"other": 1, "in\u0070ut" : [1] } "#)
        #expect(document["input"].map { String(decoding: $0, as: UTF8.self) } == "[1]")
        #expect(document["another"] == nil)
        #expect(document.names == ["other", "input"])
    }

    // MARK: Names that differ

    struct RepetitionCase: CustomTestStringConvertible, Sendable {
        let json: String
        /// The member of the body, and the pointer from its value to the second of two.
        let member: String
        let pointer: String

        init(_ json: String, _ member: String, _ pointer: String = "") {
            self.json = json
            self.member = member
            self.pointer = pointer
        }

        var testDescription: String { self.json }
    }

    static let repetitions: [RepetitionCase] = [
        RepetitionCase(#"{"a": 1, "a": 1}"#, "a"),
        RepetitionCase(#"{"size_bytes": 1, "b": 2, "size\u005fbytes": 1}"#, "size_bytes"),
        RepetitionCase(#"{"\/": 1, "/": 2}"#, "/"),
        RepetitionCase(#"{"": 1, "": 2}"#, ""),
        RepetitionCase(#"{"😀": 1, "\ud83d\uDE00": 2}"#, "😀"),
        RepetitionCase(#"{"\ud800": 1, "\uD800": 2}"#, "\u{FFFD}"),
        RepetitionCase(#"{"a": {"b": [0, {"c": 1, "d": 2, "c": 3}]}}"#, "a", "/b/1/c"),
        RepetitionCase(#"{"a": [{"x/y~": 1, "x\u002fy~": 2}]}"#, "a", "/0/x~1y~0"),
        RepetitionCase(#"{"b": {"a": {"a": 1}}, "a": {"a": 1}, "c": [[{"z": {}, "z": []}]]}"#, "c", "/0/0/z"),
        RepetitionCase(
            #"{"a": "# + String(repeating: "[", count: 511) + #"{"b": 1, "b": 2}"# + String(repeating: "]", count: 511)
                + "}",
            "a", String(repeating: "/0", count: 511) + "/b"),
    ]

    @Test(arguments: Self.repetitions)
    func namesInAnObjectDiffer(_ example: RepetitionCase) throws {
        let pointer = try #require(JSONPointer(example.pointer))
        #expect(throws: RequestDocument.Failure.repeatedMember(example.member, pointer)) {
            try Self.document(example.json)
        }
    }

    /// RFC 8259 §8.3 compares code units; Unicode would call the second and third pair the same.
    @Test(arguments: [
        #"{"a": 1, "A": 1}"#, #"{"é": 1, "e\u0301": 1}"#, #"{"\u212b": 1, "\u00c5": 1}"#,
        #"{"\ud800": 1, "\udc00": 1, "\ufffd": 1}"#, #"{"\ud800a": 1, "\ud800b": 1}"#, #"{"a": {"a": {"a": 1}}}"#,
        #"[{"a": 1}, {"a": 1}]"#, #"{"a": 1, "a ": 1, "\u0000a": 1}"#,
    ])
    func otherNamesMayResembleEachOther(json: String) throws {
        _ = try Self.document(#"{"input": \#(json)}"#)
    }

    @Test(arguments: [(512, true), (513, false), (100_000, false)])
    func nestingIsLimitedInEveryMember(depth: Int, isAllowed: Bool) throws {
        let json = #"{"x": "# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        if isAllowed {
            _ = try Self.document(json)
        } else {
            #expect(throws: RequestDocument.Failure.tooDeep) { try Self.document(json) }
        }
    }

    // MARK: Values

    /// One rule for every whole number, and other numbers as they are written.
    @Test(
        arguments: [
            ("0", .integer(0)), ("1", .integer(1)), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number("9223372036854775808")), ("-0", .number("-0")), ("-1", .number("-1")),
            ("73.0", .integer(73)), ("0.000", .integer(0)), ("-1.0", .number("-1.0")), ("1.0e0", .number("1.0e0")),
            ("1.5", .number("1.5")), ("1e3", .number("1e3")), ("1E0", .number("1E0")), ("10e-1", .number("10e-1")),
            ("1.0000000000000000000001", .number("1.0000000000000000000001")), ("1e400", .number("1e400")),
            ("null", .null), ("true", .boolean(true)), ("false", .boolean(false)), (#""a\u0062\n""#, .string("ab\n")),
            (#""\ud83d\ude00""#, .string("😀")), (#""\ud83d""#, .brokenString), (#""\ude00\ud83d""#, .brokenString),
            (#""\ud83dx""#, .brokenString),
        ] as [(String, JSONValue)])
    func valuesAreWhatTheyAreWrittenAs(json: String, value: JSONValue) throws {
        #expect(try Self.document(#"{"a": \#(json) }"#).value("a") == value)
    }

    @Test func elementsAndMembersAreRead() throws {
        let document = try Self.document(#"{"a": [ 1 , [2], "x" ], "b": {"c" : 1 , "d": null}, "e": []}"#)
        let elements = try #require(document.value("a")?.elements(atMost: 10))
        #expect(elements.count == 3 && elements.values == [.integer(1), .array(Array("[2]".utf8)[...]), .string("x")])
        let two = try #require(document.value("a")?.elements(atMost: 2))
        #expect(two.count == 3 && two.values.count == 2)
        #expect(document.value("e")?.elements(atMost: 2)?.count == 0)
        #expect(document.value("b")?.elements(atMost: 2) == nil)
        let members = try #require(document.value("b")?.members())
        #expect(members.map(\.name) == ["c", "d"] && members.map(\.value) == [.integer(1), .null])
        #expect(document.value("a")?.members() == nil)
        #expect(document.value("x") == nil)
    }
}
