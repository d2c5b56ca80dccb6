import CloakroomDomain
import Testing

/// The canonical query string: AWS's rules, and urllib.parse.quote(text, safe="-_.~") for the encodings.
struct QueryParametersTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let received: String
        let canonical: String

        init(_ received: String, _ canonical: String) {
            self.received = received
            self.canonical = canonical
        }

        var testDescription: String { self.received }
    }

    static let queries: [Case] = [
        Case("", ""),
        Case("a", "a="),
        Case("a=", "a="),
        Case("a=1&b=2", "a=1&b=2"),
        Case("b=2&a=1", "a=1&b=2"),
        Case("&&a=1&&", "a=1"),
        // By the encoded name as bytes, then by the value: capitals before small letters, and no name before a longer.
        Case("b=1&B=1&a-b=1&a=2&a=1&a=", "B=1&a=&a=1&a=2&a-b=1&b=1"),
        Case("%C3%A9=1&z=1", "%C3%A9=1&z=1"),
        // Only the first equals sign separates.
        Case("a=b=c", "a=b%3Dc"),
        Case("a==", "a=%3D"),
        // Decoded once, and encoded in one way.
        Case("a=x%2fy", "a=x%2Fy"),
        Case("a=x/y", "a=x%2Fy"),
        Case("a=%41%7e", "a=A~"),
        Case("a=%2541", "a=%2541"),
        Case("a=x+y", "a=x%20y"),
        Case("a=x%20y", "a=x%20y"),
        Case("a=x%2By", "a=x%2By"),
        Case("a=!*'()", "a=%21%2A%27%28%29"),
        Case("a=ሴ", "a=%E1%88%B4"),
        Case("a=%00%ff", "a=%00%FF"),
        // Canonical, almost canonical and other escapes beside each other.
        Case("a=b%2Fc%2fd%2Fe", "a=b%2Fc%2Fd%2Fe"),
        Case("a=%2F%41%2f%7e%7E%2F", "a=%2FA%2F~~%2F"),
        Case("%2F=+%20+", "%2F=%20%20%20"),
        // A per cent sign that begins no escape stands for itself.
        Case("a=100%", "a=100%25"),
        Case("a=%zz&b=%4", "a=%25zz&b=%254"),
    ]

    @Test(arguments: Self.queries)
    func queryIsWrittenInOneForm(_ example: Case) {
        var parameters = QueryParameters(parsing: ArraySlice(example.received.utf8))
        parameters.sort()
        var output: [UInt8] = []
        parameters.appendQuery(to: &output)
        let text = String(decoding: output, as: UTF8.self)
        #expect(text == example.canonical)
    }

    @Test
    func valuesAreDecodedOnce() {
        let parameters = QueryParameters(parsing: ArraySlice("a=x%2525+y&b&a=2".utf8))
        let (first, empty) = (parameters.decodedValue(of: "a"), parameters.decodedValue(of: "b"))
        let (absent, otherCase) = (parameters.decodedValue(of: "c"), parameters.decodedValue(of: "A"))
        #expect(first == Array("x%25 y".utf8))
        #expect(empty?.isEmpty == true)
        #expect(absent == nil)
        #expect(otherCase == nil)
        let value = parameters.value(of: "a").map { String(decoding: $0, as: UTF8.self) }
        #expect(value == "x%2525%20y")
    }

    @Test
    func removalTakesEveryParameterOfAName() {
        var parameters = QueryParameters(parsing: ArraySlice("a=1&b=2&a=3".utf8))
        parameters.remove("a")
        var output: [UInt8] = []
        parameters.appendQuery(to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "b=2")
    }

    @Test
    func addedParametersAreEncoded() {
        var parameters = QueryParameters()
        parameters.append(name: "X-Amz-Credential", value: "a/20260320/local/s3/aws4_request")
        parameters.append(name: "é", value: "a b+c%20")
        var output: [UInt8] = []
        parameters.appendQuery(to: &output)
        let text = String(decoding: output, as: UTF8.self)
        #expect(text == "X-Amz-Credential=a%2F20260320%2Flocal%2Fs3%2Faws4_request&%C3%A9=a%20b%2Bc%2520")
    }
}
