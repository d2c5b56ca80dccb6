import CloakroomDomain
import Testing

/// Media ranges (RFC 9110 §12.5.1) without parameters.
struct MediaRangeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let range: String
        let mediaType: String
        let isInside: Bool

        init(_ range: String, _ mediaType: String, _ isInside: Bool) {
            self.range = range
            self.mediaType = mediaType
            self.isInside = isInside
        }

        var testDescription: String { "\(self.mediaType) in \(self.range)" }
    }

    static let cases: [Case] = [
        Case("*/*", "image/png", true),
        Case("image/*", "image/png", true),
        Case("IMAGE/*", "Image/PNG", true),
        Case("image/png", "image/png", true),
        Case("image/png", "image/png; q=1", true),
        Case("image/*", "video/mp4", false),
        Case("image/png", "image/jpeg", false),
        Case("image/png", "image/png+xml", false),
        Case("application/*", "application/vnd.api+json", true),
        Case("image/p", "image/png", false),
        // S3's name for bytes nobody described, as a type and as a range.
        Case("application/octet-stream", "binary/octet-stream", true),
        Case("binary/octet-stream", "application/octet-stream", true),
        Case("binary/octet-stream", "binary/octet-stream", true),
        Case("application/*", "binary/octet-stream", true),
        Case("binary/octet-stream", "image/png", false),
        Case("chemical/*", "chemical/x-pdb", true),
    ]

    @Test(arguments: Self.cases)
    func rangeContainsItsTypes(_ example: Case) throws {
        let range = try #require(MediaRange(example.range))
        let mediaType = try #require(MediaType(example.mediaType))
        let isInside = range.contains(mediaType)
        #expect(isInside == example.isInside)
        #expect(range.description == example.range.lowercased())
    }

    @Test(arguments: [
        "", "*", "/", "image", "image/", "/png", "*/png", "image/p*", "i*/png", "image/**", "image/png/x", "image/*/*",
        "image/png;q=0.5", "image/png, image/gif", " image/png", "image/[a-z]*", "image/?", "image/pñg",
    ])
    func anythingElseIsRefused(text: String) {
        let range = MediaRange(text)
        #expect(range == nil)
    }
}
