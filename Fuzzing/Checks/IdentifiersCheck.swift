import CloakroomDomain

/// A text as a file id, as a filename with an extension, and as a URL where none is wanted.
enum IdentifiersCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        try self.checkFileID(bytes)
        let text = bytes.text
        if let filename = try? Filename(text) { try self.checkExtension(filename) }
        try self.checkRawURL(text)
    }

    // MARK: File ids

    private static func checkFileID(_ bytes: [UInt8]) throws(Violation) {
        let id = FileID(text: bytes[...])
        try Violation.unless((id != nil) == self.isFileID(bytes), "a file id is file_ and a UUID", bytes.text)
        try Violation.unless(FileID(bytes.text) == id, "a file id is the same as text and as bytes", bytes.text)
        if let id {
            let isWritten = Array(id.description.utf8) == bytes && "file_\(id.uuid)" == id.description
            try Violation.unless(isWritten, "a file id is written as it is read", bytes.text)
            try Violation.unless(FileID(bytes: id.bytes) == id, "a file id is its bytes", bytes.text)
        }
        guard bytes.count >= 32, let first = FileID(bytes: bytes.prefix(16)),
            let second = FileID(bytes: bytes.suffix(16))
        else { return }
        try Violation.unless(
            first.bytes == Array(bytes.prefix(16)) && FileID(first.description) == first,
            "a file id keeps its bytes, in writing too", first.description)
        let precedes = first.bytes.lexicographicallyPrecedes(second.bytes)
        try Violation.unless((first < second) == precedes, "file ids are ordered as their bytes", first.description)
    }

    /// `file_` and a UUID in lower case, a group after the other.
    private static func isFileID(_ bytes: [UInt8]) -> Bool {
        let digits = Set("0123456789abcdef".utf8)
        let groups = bytes.dropFirst(5).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return bytes.starts(with: "file_".utf8) && groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.joined().allSatisfy { digits.contains($0) }
    }

    // MARK: Extensions

    /// The part after the last full stop, code point by code point, in ASCII lower case.
    private static func checkExtension(_ filename: Filename) throws(Violation) {
        let bytes = Array(filename.text.utf8)
        let suffix = bytes.lastIndex(of: UInt8(ascii: ".")).map { bytes[($0 + 1)...] } ?? []
        let isExtension = !suffix.isEmpty && suffix.startIndex > 1
        let lower = suffix.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 + 32 : $0 }
        let found = filename.pathExtension.map { Array($0.utf8) }
        try Violation.unless(
            found == (isExtension ? lower : nil), "an extension follows the last full stop", filename.text)

        let contradiction = FileExtension.contradiction(of: .octetStream, by: filename)
        try Violation.unless(contradiction == nil, "a generic type contradicts nothing", filename.text)
        guard let usual = FileExtension.mediaType(of: filename) else { return }
        try Violation.unless(MediaType(usual.text) == usual, "a usual type is a media type", usual.text)
        try Violation.unless(
            FileExtension.contradiction(of: usual, by: filename) == nil, "a name does not contradict its usual type",
            filename.text)
    }

    // MARK: URLs

    private static func checkRawURL(_ text: String) throws(Violation) {
        let isURL = RawURL.matches(text)
        let capitals = text.utf8.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 - 32 : $0 }.text
        try Violation.unless(RawURL.matches(capitals) == isURL, "the case of a URL does not count", text)
        let padded = "\u{0} \n\(text)\u{A0}\t"
        try Violation.unless(RawURL.matches(padded) == isURL, "white space around a URL does not count", text)
        let scalars = Array(text.unicodeScalars)
        var broken = String.UnicodeScalarView()
        broken.append(contentsOf: scalars.prefix(scalars.count / 2))
        broken.append(contentsOf: "\t\r\n".unicodeScalars)
        broken.append(contentsOf: scalars.dropFirst(scalars.count / 2))
        try Violation.unless(RawURL.matches(String(broken)) == isURL, "tabs and line ends in a URL do not count", text)
        try Violation.unless(isURL == self.isURL(scalars), "a URL is a scheme and what follows it", text)
    }

    /// What WHATWG's URL parser and JavaScript strip is stripped; then it is no prose, and a scheme that counts alone or
    /// with two slashes, or two slashes.
    private static func isURL(_ scalars: [Unicode.Scalar]) -> Bool {
        let isOuter: (Unicode.Scalar) -> Bool = { $0.value <= 0x20 || $0 == "\u{FEFF}" || $0.properties.isWhitespace }
        let inner = scalars.drop(while: isOuter).reversed().drop(while: isOuter).reversed()
        let kept = inner.filter { $0 != "\t" && $0 != "\n" && $0 != "\r" }
        let isProse = kept.contains { $0.properties.isWhitespace }
        if kept.count >= 2, kept[0] == "/" || kept[0] == "\\", kept[1] == "/" || kept[1] == "\\" { return !isProse }
        let colon = kept.firstIndex(of: ":") ?? kept.endIndex
        let scheme = kept[..<colon].map { "\($0)" }.joined().lowercased()
        let letters = Set("abcdefghijklmnopqrstuvwxyz".utf8)
        let others = Set("0123456789+-.".utf8)
        // The Kelvin sign is a k in lower case.
        guard colon < kept.endIndex, kept[..<colon].allSatisfy(\.isASCII), let first = scheme.utf8.first,
            letters.contains(first),
            scheme.utf8.allSatisfy({ letters.contains($0) || others.contains($0) })
        else { return false }
        let rest = kept[(colon + 1)...]
        if scheme == "data", let comma = rest.firstIndex(of: ",") {
            if !rest[..<comma].contains(where: { $0.properties.isWhitespace }) { return true }
        }
        if isProse { return false }
        if ["http", "https", "ftp", "s3", "gs", "file"].contains(scheme), !rest.isEmpty { return true }
        let slashes: Set<Unicode.Scalar> = ["ws", "wss"].contains(scheme) ? ["/", "\\"] : ["/"]
        return rest.count >= 2 && rest.prefix(2).allSatisfy { slashes.contains($0) }
    }
}
