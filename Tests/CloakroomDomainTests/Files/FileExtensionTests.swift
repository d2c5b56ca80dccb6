import CloakroomDomain
import Testing

/// What a declared type may be beside a filename: each kind of pair that clients send, and the mistakes that are caught.
///
/// `FileExtensionRegistryTests` has the pairs that the registries know.
struct FileExtensionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let filename: String
        let mediaType: String

        init(_ filename: String, _ mediaType: String) {
            self.filename = filename
            self.mediaType = mediaType
        }

        var testDescription: String { "\(self.filename) as \(self.mediaType)" }
    }

    private static func contradiction(_ example: Case) throws -> MediaType? {
        let filename = try Filename(example.filename)
        let mediaType = try #require(MediaType(example.mediaType))
        return FileExtension.contradiction(of: mediaType, by: filename)
    }

    // MARK: Accepted

    static let cases: [Case] = FileExtensionCases.kinds.flatMap { kind in
        kind.pairs.map { Case($0.key, $0.value) }
    }

    @Test(arguments: Self.cases)
    func whatClientsSendIsAccepted(_ example: Case) throws {
        #expect(try Self.contradiction(example) == nil)
    }

    // MARK: Refused

    /// Types that nobody sends for such a file but by mistake, each with every name of another.
    static let unrelated: [String: [String]] = [
        "a.png": ["image/png", "image/x-png", "image/apng"],
        "a.jpg": ["image/jpeg", "image/jpg", "image/pjpeg"],
        "a.gif": ["image/gif"],
        "a.webp": ["image/webp"],
        "a.tiff": ["image/tiff"],
        "a.mp3": ["audio/mpeg", "audio/mp3"],
        "a.wav": ["audio/wav", "audio/x-wav"],
        "a.flac": ["audio/flac"],
        "a.mp4": ["video/mp4"],
        "a.webm": ["video/webm"],
        "a.avi": ["video/x-msvideo"],
        "a.pdf": ["application/pdf", "application/x-pdf"],
        "a.zip": ["application/zip", "application/x-zip-compressed"],
        "a.docx": ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
        "a.html": ["text/html"],
        "a.txt": ["text/plain"],
        "a.woff2": ["font/woff2"],
        "a.glb": ["model/gltf-binary"],
        "a.7z": ["application/x-7z-compressed"],
        "a.sqlite": ["application/vnd.sqlite3"],
        "a.ogg": ["audio/ogg"],
    ]

    /// Related, and therefore no mistakes: a document is a zip archive, a page is text, and Ogg may hold FLAC.
    static let related: Set<Set<String>> = [["a.docx", "a.zip"], ["a.html", "a.txt"], ["a.flac", "a.ogg"]]

    static let crosswise: [Case] = Self.unrelated.keys.sorted().flatMap { name in
        Self.unrelated.keys.sorted().filter { $0 != name && !Self.related.contains([name, $0]) }.flatMap { other in
            (Self.unrelated[other] ?? []).map { Case(name, $0) }
        }
    }

    @Test(arguments: Self.crosswise)
    func typeOfAnotherFormatIsRefused(_ example: Case) throws {
        #expect(try Self.contradiction(example) != nil)
    }

    struct Rejection: CustomTestStringConvertible, Sendable {
        let pair: Case
        let usual: String

        init(_ filename: String, _ mediaType: String, usual: String) {
            self.pair = Case(filename, mediaType)
            self.usual = usual
        }

        var testDescription: String { self.pair.testDescription }
    }

    static let rejections: [Rejection] = [
        Rejection("photo.png", "audio/mp3", usual: "image/png"),
        Rejection("photo.png", "image/jpeg", usual: "image/png"),
        Rejection("PHOTO.PNG", "IMAGE/JPEG", usual: "image/png"),
        Rejection("clip.mp4", "image/png", usual: "video/mp4"),
        Rejection("doc.pdf", "image/png", usual: "application/pdf"),
        Rejection("cat.JPG", "image/png", usual: "image/jpeg"),
        Rejection("song.mp3", "video/mp4", usual: "audio/mpeg"),
        Rejection("song.mp3", "application/pdf", usual: "audio/mpeg"),
        Rejection("film.mp4", "video/webm", usual: "video/mp4"),
        Rejection("film.mp4", "application/zip", usual: "video/mp4"),
        Rejection("paper.pdf", "text/html", usual: "application/pdf"),
        Rejection("cat.html.png", "text/html", usual: "image/png"),
        Rejection("page.html", "image/png", usual: "text/html"),
        Rejection("data.csv", "application/pdf", usual: "text/csv"),
        Rejection("data.csv", "application/vnd.oasis.opendocument.text", usual: "text/csv"),
        Rejection("table.xlsx", "text/csv", usual: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Rejection("cat.png", "text/html", usual: "image/png"),
        Rejection("cat.png", "image/svg+xml", usual: "image/png"),
        Rejection("cat.svg", "image/png", usual: "image/svg+xml"),
        Rejection("cat.heic", "image/png", usual: "image/heic"),
        Rejection("cat.heic", "video/mp4", usual: "image/heic"),
        Rejection("cat.avif", "image/jpeg", usual: "image/avif"),
        Rejection("protein.pdb", "image/png", usual: "application/vnd.palm"),
        Rejection("photo.png", "chemical/x-pdb", usual: "image/png"),
        Rejection("font.ttf", "image/png", usual: "font/ttf"),
        Rejection("font.woff2", "text/css", usual: "font/woff2"),
        // Compressed: neither what is outside nor what is inside.
        Rejection("x.tar.gz", "image/png", usual: "application/gzip"),
        Rejection("data.csv.gz", "image/png", usual: "application/gzip"),
        Rejection("data.csv.gz", "application/zip", usual: "application/gzip"),
        Rejection("photo.gz", "image/png", usual: "application/gzip"),
        Rejection(".csv.gz", "image/png", usual: "application/gzip"),
        Rejection("photo.png.zip", "audio/mpeg", usual: "application/zip"),
    ]

    @Test(arguments: Self.rejections)
    func refusalNamesTheUsualType(_ example: Rejection) throws {
        #expect(try Self.contradiction(example.pair)?.text == example.usual)
    }

    /// A hostile name costs no more than a few look-ups, whatever it is made of.
    @Test
    func nameOfManyCompressorsContradictsNothingBeyondThree() throws {
        let pair = Case("a" + String(repeating: ".gz", count: 84), "image/png")
        #expect(try Self.contradiction(pair) == .init("application/gzip"))
    }

    // MARK: The usual type

    // Python's mimetypes.guess_type(name)[0] where IANA has no other, and IANA's registry.
    @Test(arguments: [
        "a.png": "image/png", "a.jpg": "image/jpeg", "a.jpeg": "image/jpeg", "a.mp3": "audio/mpeg",
        "a.mp4": "video/mp4", "a.pdf": "application/pdf", "a.html": "text/html", "a.htm": "text/html",
        "a.json": "application/json", "a.zip": "application/zip", "a.gif": "image/gif", "a.svg": "image/svg+xml",
        "a.csv": "text/csv", "a.txt": "text/plain", "a.css": "text/css", "a.js": "text/javascript",
        "a.xml": "application/xml", "a.wav": "audio/wav", "a.weba": "audio/webm", "a.webm": "video/webm",
        "a.mov": "video/quicktime", "a.mkv": "video/matroska", "a.m4a": "audio/mp4", "a.aac": "audio/aac",
        "a.flac": "audio/flac", "a.ogg": "audio/ogg", "a.opus": "audio/opus", "a.webp": "image/webp",
        "a.heic": "image/heic", "a.heif": "image/heif", "a.avif": "image/avif", "a.bmp": "image/bmp",
        "a.ico": "image/vnd.microsoft.icon", "a.tif": "image/tiff", "a.glb": "model/gltf-binary",
        "a.gltf": "model/gltf+json", "a.md": "text/markdown", "a.tar": "application/x-tar", "a.gz": "application/gzip",
        "a.tar.gz": "application/gzip", "a.jsonl": "application/jsonl", "a.epub": "application/epub+zip",
        "a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "a.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "a.pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "a.PNG": "image/png", "a.doc": "application/msword", "a.xls": "application/vnd.ms-excel",
        "a.woff2": "font/woff2", "a.ttf": "font/ttf", "a.wasm": "application/wasm",
        "a.7z": "application/x-7z-compressed",
        "a.rtf": "application/rtf", "a.yaml": "application/yaml", "a.ics": "text/calendar", "a.vcf": "text/vcard",
        "a.odt": "application/vnd.oasis.opendocument.text", "a.avi": "video/x-msvideo", "a.mpeg": "video/mpeg",
    ])
    func extensionSuggestsItsUsualType(name: String, essence: String) throws {
        let filename = try Filename(name)
        let mediaType = FileExtension.mediaType(of: filename)
        #expect(mediaType?.essence == essence)
    }

    @Test(arguments: ["a", "a.", ".png", "a.unknown-extension", "a.bin", "a.dat", "a.tmp", "a.xyz", "a.png "])
    func unknownExtensionSuggestsNothing(name: String) throws {
        let filename = try Filename(name)
        let mediaType = FileExtension.mediaType(of: filename)
        #expect(mediaType == nil)
    }
}
