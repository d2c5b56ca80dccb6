import CloakroomDomain
import Testing

/// Extensions and media types, by the contract; the types are those of IANA's registry and of Python's mimetypes.
struct FileExtensionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let filename: String
        let mediaType: String
        /// A type that the extension allows, where the declared one contradicts it.
        let expected: String?

        init(_ filename: String, _ mediaType: String, expected: String? = nil) {
            self.filename = filename
            self.mediaType = mediaType
            self.expected = expected
        }

        var testDescription: String { "\(self.filename) as \(self.mediaType)" }
    }

    static let cases: [Case] = [
        Case("cat.png", "image/png"),
        Case("cat.PNG", "IMAGE/PNG"),
        Case("cat.jpg", "image/jpeg"),
        Case("cat.jpeg", "image/jpg"),
        Case("song.mp3", "audio/mpeg"),
        Case("song.mp3", "audio/mp3"),
        Case("film.mp4", "video/mp4"),
        Case("film.mp4", "audio/mp4"),
        Case("page.html", "text/html; charset=utf-8"),
        Case("paper.pdf", "application/pdf"),
        Case("sound.wav", "audio/x-wav"),
        Case("data.json", "application/json"),
        // An unknown or missing extension and the generic type contradict nothing.
        Case("cat.xyz", "image/png"),
        Case("cat", "image/png"),
        Case(".png", "text/plain"),
        Case("cat.png", "application/octet-stream"),
        Case("cat.png.xyz", "text/plain"),
        Case("cat.png", "image/jpeg", expected: "image/png"),
        Case("cat.jpg", "image/png", expected: "image/jpeg"),
        Case("cat.JPG", "image/png", expected: "image/jpeg"),
        Case("song.mp3", "video/mp4", expected: "audio/mpeg"),
        Case("film.mp4", "video/webm", expected: "video/mp4"),
        Case("paper.pdf", "text/html", expected: "application/pdf"),
        Case("cat.html.png", "text/html", expected: "image/png"),
        Case("page.html", "image/png", expected: "text/html"),
    ]

    @Test(arguments: Self.cases)
    func knownExtensionHoldsTheTypeToItself(_ example: Case) throws {
        let filename = try Filename(example.filename)
        let mediaType = try #require(MediaType(example.mediaType))
        let allowed = FileExtension.contradiction(of: mediaType, by: filename)
        #expect(allowed?.first == example.expected)
    }

    // mimetypes.guess_type(name)[0]
    @Test(arguments: [
        "a.png": "image/png", "a.jpg": "image/jpeg", "a.mp3": "audio/mpeg", "a.mp4": "video/mp4",
        "a.pdf": "application/pdf", "a.html": "text/html", "a.json": "application/json", "a.zip": "application/zip",
        "a.gif": "image/gif", "a.svg": "image/svg+xml", "a.csv": "text/csv", "a.txt": "text/plain",
    ])
    func extensionSuggestsItsUsualType(name: String, essence: String) throws {
        let filename = try Filename(name)
        let mediaType = FileExtension.mediaType(of: filename)
        #expect(mediaType?.essence == essence)
    }

    @Test(arguments: ["a", "a.", ".png", "a.unknown"])
    func unknownExtensionSuggestsNothing(name: String) throws {
        let filename = try Filename(name)
        let mediaType = FileExtension.mediaType(of: filename)
        #expect(mediaType == nil)
    }
}
