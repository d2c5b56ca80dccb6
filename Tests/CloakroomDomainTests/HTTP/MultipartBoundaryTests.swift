import CloakroomDomain
import Testing

/// The boundary in `Content-Type` (RFC 2046 §5.1.1).
struct MultipartBoundaryTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let field: String
        let boundary: String

        init(_ field: String, _ boundary: String) {
            self.field = field
            self.boundary = boundary
        }

        var testDescription: String { self.field }
    }

    static let boundaries: [Case] = [
        Case("multipart/form-data; boundary=X", "X"),
        Case(" Multipart/FORM-DATA ;charset=utf-8 ; Boundary=\"X\" ; ", "X"),
        Case("multipart/form-data;; boundary=\"gc0pJq0M:08jU534c0p\"", "gc0pJq0M:08jU534c0p"),
        Case("multipart/form-data; boundary=\"a b\\'c\"", "a b'c"),
        // Not tokens, but in one way only what they can mean.
        Case("multipart/form-data; boundary==_Part_1:2/3?(4)", "=_Part_1:2/3?(4)"),
        Case("multipart/form-data; boundary=gc0pJq0M:08jU534c0p; charset=utf-8", "gc0pJq0M:08jU534c0p"),
        // As Chromium, curl and Node send it.
        Case(
            "multipart/form-data; boundary=----WebKitFormBoundarykL3dRXVagBItVBKP",
            "----WebKitFormBoundarykL3dRXVagBItVBKP"),
        Case(
            "multipart/form-data; boundary=------------------------cbe7fca40d03f7ef",
            "------------------------cbe7fca40d03f7ef"),
        Case("multipart/form-data; boundary=----formdata-undici-013360963991", "----formdata-undici-013360963991"),
        Case(
            "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
            "1234567890123456789012345678901234567890123456789012345678901234567890"),
    ]

    @Test(arguments: Self.boundaries)
    func boundaryIsReadFromTheField(_ example: Case) throws {
        #expect(try MultipartBoundary.read(example.field)?.text == example.boundary)
    }

    @Test(arguments: [
        "", "image/png", "multipart/mixed; boundary=X", "multipart/form-data-2; boundary=X", "multipart; boundary=X",
        "application/x-www-form-urlencoded", "multipart/related; boundary=X; type=\"multipart/form-data\"",
    ])
    func otherTypesAreNoForms(field: String) throws {
        #expect(try MultipartBoundary.read(field) == nil)
    }

    @Test
    func boundaryHasAtMost70Characters() {
        let long = "multipart/form-data; boundary=\(String(repeating: "b", count: 71))"
        #expect(throws: MultipartError.boundary(.tooLong(length: 71))) { try MultipartBoundary.read(long) }
    }

    @Test(arguments: ["multipart/form-data", "multipart/form-data;", "multipart/form-data; charset=utf-8"])
    func boundaryIsRequired(field: String) {
        #expect(throws: MultipartError.boundary(.missing)) { try MultipartBoundary.read(field) }
    }

    @Test
    func boundaryIsUnique() {
        let field = "multipart/form-data; boundary=X; boundary=X"
        #expect(throws: MultipartError.boundary(.repeated)) { try MultipartBoundary.read(field) }
    }

    /// The part of the field that the message repeats.
    @Test(arguments: [
        ("multipart/form-data; boundary=\"\"", ""), ("multipart/form-data; boundary=\"a \"", "a "),
        ("multipart/form-data; boundary=\"a\tb\"", "a\tb"), ("multipart/form-data; boundary=a!b", "a!b"),
        ("multipart/form-data; boundary=\"é\"", "é"),
        ("multipart/form-data; boundary=", "multipart/form-data; boundary="),
        ("multipart/form-data; boundary=a b", "multipart/form-data; boundary=a b"),
        ("multipart/form-data; boundary=a, text/plain", "multipart/form-data; boundary=a, text/plain"),
        ("multipart/form-data; boundary=\"a", "multipart/form-data; boundary=\"a"),
        ("multipart/form-data boundary=a", "multipart/form-data boundary=a"),
        ("multipart/form-data; boundary", "multipart/form-data; boundary"),
    ])
    func malformedBoundaryIsRefused(field: String, received: String) {
        #expect(throws: MultipartError.boundary(.malformed(received))) { try MultipartBoundary.read(field) }
    }
}
