/// Media types that a browser would run or render with the origin's rights; they are served as attachments.
enum ActiveContent {
    private static let essences: Set<String> = [
        "text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml",
        // The JavaScript types of the WHATWG's MIME Sniffing Standard §4.6.
        "application/ecmascript", "application/javascript", "application/x-ecmascript", "application/x-javascript",
        "text/ecmascript", "text/javascript", "text/javascript1.0", "text/javascript1.1", "text/javascript1.2",
        "text/javascript1.3", "text/javascript1.4", "text/javascript1.5", "text/jscript", "text/livescript",
        "text/x-ecmascript", "text/x-javascript",
        "text/xsl", "application/xslt+xml", "application/wasm", "application/x-shockwave-flash",
        "multipart/x-mixed-replace", "message/rfc822", "text/vtt", "text/cache-manifest",
    ]

    /// Whether a `Content-Type` is one of them, or an XML dialect (`+xml`).
    ///
    /// Of a list, which a browser would take the last valid type of, any one counts (Fetch standard, "extract a MIME type").
    static func includes(_ contentType: String) -> Bool {
        guard contentType.utf8.contains(UInt8(ascii: ",")) else { return self.includesOne(contentType) }
        return contentType.split(separator: ",").contains { self.includesOne(String($0)) }
    }

    private static func includesOne(_ contentType: String) -> Bool {
        let essence = Self.essence(contentType)
        return self.essences.contains(essence) || essence.hasSuffix("+xml")
    }

    /// Type and subtype in lower case, without white space or parameters.
    private static func essence(_ contentType: String) -> String {
        String(unsafeUninitializedCapacity: contentType.utf8.count) { buffer in
            // No more bytes are written than the type has.
            var count = 0
            for byte in contentType.utf8 {
                if byte == UInt8(ascii: ";") { break }
                if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { continue }
                buffer[count] = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
                count += 1
            }
            return count
        }
    }

    /// The disposition to send: an active type is never shown inline.
    static func disposition(_ disposition: String?, contentType: String) -> String? {
        guard self.includes(contentType) else { return disposition }
        guard let disposition else { return "attachment" }
        let kind = disposition.prefix { $0 != ";" }
        return kind.lowercased() == "attachment" ? disposition : "attachment" + disposition.dropFirst(kind.count)
    }
}
