import CloakroomDomain

/// What a browser that opens a file in a tab of its own would do with it, by the media type.
enum ContentKind: Hashable, Sendable {
    /// It would run it, or render it with the origin's rights: HTML, SVG, XML, scripts. Served as an attachment.
    case active
    /// It shows an image, or plays sound or video, in a document that it makes itself.
    case media
    /// It opens its PDF viewer.
    case pdf
    /// It shows text, or offers to save the file.
    case other

    private static let activeEssences: Set<String> = [
        "text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml",
        // The JavaScript types of the WHATWG's MIME Sniffing Standard §4.6.
        "application/ecmascript", "application/javascript", "application/x-ecmascript", "application/x-javascript",
        "text/ecmascript", "text/javascript", "text/javascript1.0", "text/javascript1.1", "text/javascript1.2",
        "text/javascript1.3", "text/javascript1.4", "text/javascript1.5", "text/jscript", "text/livescript",
        "text/x-ecmascript", "text/x-javascript",
        "text/xsl", "application/xslt+xml", "application/wasm", "application/x-shockwave-flash",
        "multipart/x-mixed-replace", "message/rfc822", "text/vtt", "text/cache-manifest",
    ]

    /// Decides by a `Content-Type`.
    ///
    /// Browsers read what is no media type in ways of their own: `text/html(x)` as `text/html`, and of a list the last
    /// valid type (Fetch standard, "extract a MIME type"). Such a value counts as active.
    init(contentType: String) {
        guard let essence = Self.essence(contentType) else {
            self = .active
            return
        }
        self.init(essence: essence)
    }

    private init(essence: String) {
        if Self.activeEssences.contains(essence) || essence.hasSuffix("+xml") {
            self = .active
        } else if essence == "application/pdf" {
            self = .pdf
        } else {
            let isMedia = essence.hasPrefix("image/") || essence.hasPrefix("audio/") || essence.hasPrefix("video/")
            self = isMedia ? .media : .other
        }
    }

    /// Type and subtype in lower case; `nil` where the value is no single media type (RFC 9110 §8.3.1).
    private static func essence(_ contentType: String) -> String? {
        // Nearly every type is nothing but that already.
        if self.isEssence(contentType) { return contentType }
        var scanner = FieldScanner(contentType)
        scanner.skipWhitespace()
        guard let type = scanner.token(), scanner.take("/"), let subtype = scanner.token() else { return nil }
        while scanner.takePaddedSemicolon() {
            guard scanner.token() != nil else { continue }
            guard scanner.take("="), scanner.token() ?? scanner.quotedString() != nil else { return nil }
        }
        scanner.skipWhitespace()
        return scanner.isAtEnd ? "\(type)/\(subtype)".lowercased() : nil
    }

    /// Whether a value is a type and a subtype in lower case, and nothing else.
    private static func isEssence(_ contentType: String) -> Bool {
        var slashes = 0
        for byte in contentType.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "+"), UInt8(ascii: "."):
                continue
            case UInt8(ascii: "/"): slashes += 1
            default: return false
            }
        }
        return slashes == 1 && contentType.utf8.first != UInt8(ascii: "/") && contentType.utf8.last != UInt8(ascii: "/")
    }

    /// The disposition to send: an active type is never shown inline.
    func disposition(_ disposition: String?) -> String? {
        guard self == .active else { return disposition }
        guard let disposition else { return "attachment" }
        let kind = disposition.prefix { $0 != ";" }
        return kind.lowercased() == "attachment" ? disposition : "attachment" + disposition.dropFirst(kind.count)
    }

    /// The `Content-Security-Policy` field, under which no script runs.
    ///
    /// A browser's own document for a video loads it as `media-src 'self'`; in a sandbox it has an origin of its own, to
    /// which nothing is `'self'`, unless `allow-same-origin` is there. Its style is inline. A PDF viewer is a plug-in
    /// (`object-src`), and some do not start in a sandbox.
    var policy: StaticString {
        switch self {
        case .active, .other: "Content-Security-Policy: default-src 'none'; sandbox\r\n"
        case .media:
            "Content-Security-Policy: default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin\r\n"
        case .pdf:
            "Content-Security-Policy: default-src 'none'; object-src 'self'; style-src 'unsafe-inline'\r\n"
        }
    }
}
