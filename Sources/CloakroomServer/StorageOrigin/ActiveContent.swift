/// Media types that a browser would run or render with the origin's rights; they are served as attachments.
enum ActiveContent {
    private static let essences: Set<String> = [
        "text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript",
        "application/javascript", "application/x-javascript", "application/ecmascript", "text/ecmascript",
        "text/xsl", "application/xslt+xml", "application/wasm", "application/x-shockwave-flash",
        "multipart/x-mixed-replace", "message/rfc822", "text/vtt", "text/cache-manifest",
    ]

    /// Whether a `Content-Type` is one of them, or an XML dialect (`+xml`).
    static func includes(_ contentType: String) -> Bool {
        let essence = contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        return self.essences.contains(essence) || essence.hasSuffix("+xml")
    }

    /// The disposition to send: an active type is never shown inline.
    static func disposition(_ disposition: String?, contentType: String) -> String? {
        guard self.includes(contentType) else { return disposition }
        guard let disposition else { return "attachment" }
        let kind = disposition.prefix { $0 != ";" }
        return kind.lowercased() == "attachment" ? disposition : "attachment" + disposition.dropFirst(kind.count)
    }
}
