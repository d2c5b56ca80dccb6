import CloakroomDomain

/// A text as a media type and as a media range (RFC 9110 §8.3.1, §12.5.1).
enum MediaTypeCheck {
    /// tchar of RFC 9110 §5.6.2.
    private static let tokenCharacters = Set(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func run(_ bytes: [UInt8]) throws(Violation) {
        let text = bytes.text
        try self.checkRange(text)
        guard let mediaType = MediaType(text) else { return }
        try self.checkParts(mediaType)
        try self.checkCommas(mediaType)
        try self.checkIndifference(mediaType)
        try self.checkSpelling(mediaType)
        try self.checkMatching(mediaType)
    }

    private static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(self.tokenCharacters.contains)
    }

    // MARK: Ranges

    /// Accepted is exactly `*/*`, `type/*` and `type/subtype` of tokens without an asterisk.
    private static func checkRange(_ text: String) throws(Violation) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let asterisk = UInt8(ascii: "*")
        let isPart = parts.map { $0 == [asterisk] || (self.isToken($0) && !$0.contains(asterisk)) }
        let isRange = isPart == [true, true] && (parts[0] != [asterisk] || parts[1] == [asterisk])
        let range = MediaRange(text)
        try Violation.unless((range != nil) == isRange, "a media range is two tokens or asterisks", text)
        guard let range else { return }
        let again = MediaRange(range.description)
        try Violation.unless(again == range, "a media range is read from what it writes", text)
    }

    // MARK: Types

    private static func checkParts(_ mediaType: MediaType) throws(Violation) {
        let text = mediaType.text
        let names = Array(mediaType.essence.utf8).split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isEssence = names.count == 2 && names.allSatisfy { self.isToken($0) }
        try Violation.unless(
            isEssence && mediaType.essence.lowercased() == mediaType.essence,
            "the essence is two tokens in lower case", mediaType.essence)
        try Violation.unless(
            MediaType.topLevelTypes.contains(mediaType.topLevelType) || mediaType.topLevelType == "chemical",
            "the top-level type is registered, or that of molecules", text)
        let lower = Array(text.utf8).map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 + 32 : $0 }
        // S3's default has two names.
        let written = lower.starts(with: "binary/".utf8) ? "binary/octet-stream" : mediaType.essence
        try Violation.unless(lower.starts(with: written.utf8), "the text begins with the essence", text)
        try Violation.unless(
            written == mediaType.essence || mediaType.isGeneric, "binary/octet-stream is generic", text)
        try Violation.unless(text.utf8.count <= MediaType.maximumLength, "a media type has at most 255 bytes", text)
        let isFieldValue = text.utf8.allSatisfy { $0 >= 32 && $0 != 127 }
        try Violation.unless(isFieldValue, "a media type can stand in a field", text)
        for parameter in mediaType.parameters {
            let isLowerCase = parameter.name.lowercased() == parameter.name
            try Violation.unless(
                !parameter.value.utf8.contains { $0 < 32 || $0 == 127 }, "a parameter holds no control character", text)
            try Violation.unless(
                self.isToken(parameter.name.utf8) && isLowerCase, "a parameter's name is a token in lower case", text)
        }
    }

    /// The text that is kept, the same with white space around it, and the parts written anew are the same type.
    private static func checkSpelling(_ mediaType: MediaType) throws(Violation) {
        let again = MediaType(mediaType.text)
        try Violation.unless(again == mediaType, "a media type is read from what it writes", mediaType.text)
        let padded = " \(mediaType.text)\t"
        if padded.utf8.count <= MediaType.maximumLength {
            try Violation.unless(
                MediaType(padded) == mediaType, "white space around a media type does not count", padded)
        }
        let written = mediaType.essence + mediaType.parameters.map { ";\($0.name)=\(self.quoted($0.value))" }.joined()
        guard written.utf8.count <= MediaType.maximumLength else { return }
        guard let same = MediaType(written) else { throw Violation("a media type can be written: \(written)") }
        try Violation.unless(
            same.essence == mediaType.essence && same.parameters == mediaType.parameters,
            "a media type's parts are what it is", written)
        try Violation.unless(
            mediaType.accepts(same) && same.accepts(mediaType), "the same type in another spelling is accepted",
            written)
    }

    /// Outside quotation marks a comma separates two types to a browser (Fetch, "extract a MIME type").
    private static func checkCommas(_ mediaType: MediaType) throws(Violation) {
        var (isQuoted, isEscaped) = (false, false)
        for byte in mediaType.text.utf8 {
            try Violation.unless(
                isQuoted || byte != UInt8(ascii: ","), "a comma stands in quotation marks", mediaType.text)
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && byte == UInt8(ascii: "\\") && !isEscaped
        }
    }

    /// What `accepts` does not look at: the case and the white space of codecs, the `charset` of what has none.
    private static func checkIndifference(_ mediaType: MediaType) throws(Violation) {
        guard mediaType.text.utf8.count + 40 < MediaType.maximumLength else { return }
        let text = mediaType.text
        let upper = MediaType("\(text); codecs=\"A, B\""), lower = MediaType("\(text);codecs=a,b")
        guard let upper, let lower else { throw Violation("a media type takes another parameter: \(text)") }
        try Violation.unless(
            upper.accepts(lower) && lower.accepts(upper), "case and white space of codecs make no difference", text)
        guard mediaType.topLevelType == "image", !mediaType.essence.hasSuffix("+xml"),
            !mediaType.essence.hasSuffix("+json"), let binary = MediaType("\(text); charset=binary")
        else { return }
        try Violation.unless(
            mediaType.accepts(binary) && binary.accepts(mediaType), "an image has no charset", text)
    }

    /// quoted-string of RFC 9110 §5.6.4, with every character escaped that has to be.
    private static func quoted(_ value: String) -> String {
        let escaped = value.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }
        return "\"\(escaped.joined())\""
    }

    private static func checkMatching(_ mediaType: MediaType) throws(Violation) {
        try Violation.unless(mediaType.accepts(mediaType), "a media type accepts itself", mediaType.text)
        for text in [mediaType.essence, "\(mediaType.topLevelType)/*", "*/*", mediaType.essence.uppercased()] {
            guard let range = MediaRange(text) else { throw Violation("a type's range is one: \(text)") }
            try Violation.unless(range.contains(mediaType), "a media type lies in its own ranges", text)
        }
        // A token more: another type.
        guard let other = MediaRange("\(mediaType.essence)x") else { return }
        try Violation.unless(!other.contains(mediaType), "a media type lies in no other range", mediaType.text)
    }
}
