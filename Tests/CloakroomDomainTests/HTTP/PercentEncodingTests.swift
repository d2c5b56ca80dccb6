import CloakroomDomain
import Testing

/// Names and values of a query as forms are written.
struct PercentEncodingTests {
    @Test(arguments: [
        ("", ""), ("a+b%2Bc", "a b+c"), ("%C3%a9", "é"), ("a/b?c", "a/b?c"), ("%00", "\0"), ("%25zz", "%zz"),
        ("%", nil), ("%4", nil), ("%zz", nil), ("%+1", nil), ("%ff", nil), ("%c0%af", nil), ("%ed%a0%80", nil),
    ])
    func formsAreDecodedOrRefused(encoded: String, text: String?) {
        #expect(PercentEncoding.decodeForm(encoded.utf8) == text)
    }
}
