import CloakroomDomain

/// A text as a filename, and what becomes of that in `Content-Disposition` (RFC 6266) and percent-encoding.
enum ContentDispositionCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let text = bytes.text
        try self.checkPercentEncoding(text)
        let filename = try? Filename(text)
        try Violation.unless((filename != nil) == self.isFilename(text), "a filename is one by the contract", text)
        guard let filename else { return }
        for kind in [ContentDisposition.Kind.inline, .attachment] {
            let field = Array(ContentDisposition(kind, filename: filename).fieldValue.utf8)
            try Violation.unless(
                field.allSatisfy { (0x20...0x7E).contains($0) }, "the field is printable ASCII", field.text)
            try self.checkParameters(field, kind, filename)
        }
    }

    /// 1 to 255 characters, without control characters, `/` and `\`.
    private static func isFilename(_ text: String) -> Bool {
        let values = text.unicodeScalars.map(\.value)
        let isRefused: (UInt32) -> Bool = { $0 < 0x20 || (0x7F...0x9F).contains($0) || $0 == 0x2F || $0 == 0x5C }
        return (1...255).contains(values.count) && !values.contains(where: isRefused)
    }

    /// Reads the field as a browser does: `kind; filename="…"`, and `filename*=UTF-8''…` where that is not all.
    private static func checkParameters(
        _ field: [UInt8], _ kind: ContentDisposition.Kind, _ filename: Filename
    ) throws(Violation) {
        let start = Array("\(kind.rawValue); filename=\"".utf8)
        try Violation.unless(field.starts(with: start), "the field begins with kind and filename", field.text)
        let content = field.dropFirst(start.count)
        let plain = Array(content.prefix { $0 != UInt8(ascii: "\"") })
        // A quotation mark ends the string, and nothing in it begins an escape or another encoding.
        try Violation.unless(plain.count < content.count, "the quoted string ends", field.text)
        try Violation.unless(
            !plain.contains(UInt8(ascii: "\\")) && !plain.contains(UInt8(ascii: "%")),
            "the quoted string is read in one way", field.text)
        let rest = Array(content.dropFirst(plain.count + 1))
        let name = Array(filename.text.utf8)
        guard !rest.isEmpty else {
            try Violation.unless(plain == name, "a filename alone is the whole name", field.text)
            return
        }
        let extendedStart = Array("; filename*=UTF-8''".utf8)
        try Violation.unless(rest.starts(with: extendedStart), "what follows is the extended name", field.text)
        let extended = rest.dropFirst(extendedStart.count)
        // attr-char of RFC 8187 §3.2.1, and the per cent signs of its escapes.
        let allowed = Set("!#$&+-.^_`|~%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        try Violation.unless(extended.allSatisfy(allowed.contains), "the extended name is value-chars", field.text)
        let decoded = PlainEncoding.decode(extended, plusIsSpace: false)
        try Violation.unless(decoded == name, "the extended name is the name", field.text)
        let count = filename.text.unicodeScalars.count
        try Violation.unless(plain.count == count, "the plain name has a character for each", field.text)
    }

    private static func checkPercentEncoding(_ text: String) throws(Violation) {
        let bytes = Array(text.utf8)
        let components: [(PercentEncoding.Component, Set<UInt8>)] = [(.query, []), (.path, [UInt8(ascii: "/")])]
        for (component, kept) in components {
            let encoded = Array(PercentEncoding.encode(text, as: component).utf8)
            try Violation.unless(
                encoded == PlainEncoding.encode(bytes, keeping: kept), "a text is encoded by the rules", text)
            for plusIsSpace in [false, true] {
                let decoded = PlainEncoding.decode(encoded, plusIsSpace: plusIsSpace)
                try Violation.unless(decoded == bytes, "what is encoded is decoded to the same", text)
            }
        }
    }
}
