import CloakroomDomain
import Testing

/// `Content-Disposition` against RFC 6266 §5 and RFC 8187 §3.2.3.
///
/// The encoded names are urllib.parse.quote(name, safe="!#$&+-.^_`|~"), attr-char of RFC 8187 §3.2.1.
struct ContentDispositionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let filename: String
        let field: String

        init(_ filename: String, _ field: String) {
            self.filename = filename
            self.field = field
        }

        var testDescription: String { self.filename }
    }

    static let names: [Case] = [
        Case("example.html", "attachment; filename=\"example.html\""),
        // RFC 6266 §5: "an example containing a space".
        Case("foo bar.html", "attachment; filename=\"foo bar.html\""),
        Case("a;b, c=d.txt", "attachment; filename=\"a;b, c=d.txt\""),
        Case("it's (1)*.txt", "attachment; filename=\"it's (1)*.txt\""),
        // RFC 6266 §5 and RFC 8187 §3.2.3: "€ rates", "£ and € rates".
        Case("€ rates", "attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates"),
        Case(
            "£ and € rates",
            "attachment; filename=\"_ and _ rates\"; filename*=UTF-8''%C2%A3%20and%20%E2%82%AC%20rates"),
        Case("naïve.txt", "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
        Case(
            "日本語.png", "attachment; filename=\"___.png\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.png"),
        Case("emoji😀.gif", "attachment; filename=\"emoji_.gif\"; filename*=UTF-8''emoji%F0%9F%98%80.gif"),
        // RFC 6266 appendix D: quotation marks and per cent signs are read in different ways.
        Case("a\"b.txt", "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        Case("it's 100%.txt", "attachment; filename=\"it's 100_.txt\"; filename*=UTF-8''it%27s%20100%25.txt"),
        Case("%41", "attachment; filename=\"_41\"; filename*=UTF-8''%2541"),
        Case("é*(1).txt", "attachment; filename=\"_*(1).txt\"; filename*=UTF-8''%C3%A9%2A%281%29.txt"),
        Case("é!#$&+-.^_`|~", "attachment; filename=\"_!#$&+-.^_`|~\"; filename*=UTF-8''%C3%A9!#$&+-.^_`|~"),
    ]

    @Test(arguments: Self.names)
    func nameIsCarriedInBothForms(_ example: Case) throws {
        let disposition = ContentDisposition(.attachment, filename: try Filename(example.filename))
        #expect(disposition.fieldValue == example.field)
        let isPrintable = disposition.fieldValue.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        #expect(isPrintable)
    }

    @Test
    func inlineIsTheUsualKind() throws {
        let disposition = ContentDisposition(filename: try Filename("cat.png"))
        #expect(disposition.fieldValue == "inline; filename=\"cat.png\"")
    }
}
