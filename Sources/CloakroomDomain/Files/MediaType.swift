/// A media type (RFC 9110 §8.3.1) whose top-level type is registered with IANA.
///
/// Three things are taken beside the grammar, as clients send them: `binary/octet-stream`, S3's default, which is
/// `application/octet-stream`; the types of molecules that Debian's list has under `chemical`; and a bare comma in a
/// parameter's value, as browsers write `video/webm;codecs=vp8,opus`.
public struct MediaType: Hashable, Sendable, CustomStringConvertible {
    /// A parameter; its name in lower case, its value unquoted.
    public struct Parameter: Hashable, Sendable {
        /// The name in lower case.
        public let name: String
        /// The value, without quotation marks and escapes.
        public let value: String
    }

    /// The top-level types of IANA's registry (RFC 6838 §4.2, RFC 9695 for haptics).
    public static let topLevelTypes: Set<String> = [
        "application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video",
    ]
    /// The most bytes in a media type; the two names of RFC 6838 §4.2 have 127 each at most.
    public static let maximumLength = 255

    /// The text as given, without surrounding white space, a value with bare commas in quotation marks, and tabs as
    /// spaces: no control character is kept.
    public let text: String
    /// `type/subtype` in lower case; `application/octet-stream` for `binary/octet-stream`.
    public let essence: String

    /// A media type and its parts.
    private struct Parsed {
        let text: String
        let essence: String
        let parameters: [Parameter]
    }

    /// Reads a media type as in a `Content-Type` field; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        guard let parsed = Self.parse(String(text)) else { return nil }
        self.text = parsed.text
        self.essence = parsed.essence
    }

    /// Takes a media type that was read when it was declared, and has been in the catalogue since, as it is.
    package init(stored text: String) {
        self.text = text
        let name = text.prefix { $0 != ";" && $0 != " " }
        let isLowerCase = !name.utf8.contains { $0.isASCIIUppercase }
        let essence = isLowerCase ? String(name) : name.lowercased()
        self.essence = essence == "binary/octet-stream" ? Self.octetStream.essence : essence
    }

    private static func parse(_ text: String) -> Parsed? {
        var scanner = FieldScanner(text.utf8.map { $0 == UInt8(ascii: "\t") ? UInt8(ascii: " ") : $0 })
        scanner.skipWhitespace()
        var written = ""
        var (start, end) = (scanner.position, scanner.position)
        guard text.utf8.count <= Self.maximumLength, let essence = Self.essence(&scanner) else { return nil }
        end = scanner.position
        var parameters: [Parameter] = []
        while scanner.takePaddedSemicolon() {
            // An empty parameter is allowed: parameters = *( OWS ";" OWS [ parameter ] ).
            guard let name = scanner.token()?.lowercased() else { continue }
            guard scanner.take("=") else { return nil }
            let position = scanner.position
            guard let value = scanner.tokenList() ?? scanner.quotedString() else { return nil }
            parameters.append(Parameter(name: name, value: value))
            end = scanner.position
            if value.utf8.contains(UInt8(ascii: ",")), value.utf8.count == end - position {
                written += scanner.text(from: start, to: position) + "\"\(value)\""
                start = end
            }
        }
        scanner.skipWhitespace()
        let rest = scanner.text(from: start, to: end)
        guard scanner.isAtEnd, written.utf8.count + rest.utf8.count <= Self.maximumLength else { return nil }
        return Parsed(text: written.isEmpty ? rest : written + rest, essence: essence, parameters: parameters)
    }

    /// Takes `type "/" subtype`, and returns them in lower case.
    private static func essence(_ scanner: inout FieldScanner) -> String? {
        guard let type = scanner.token()?.lowercased(), scanner.take("/"),
            let subtype = scanner.token()?.lowercased(), !subtype.utf8.contains(UInt8(ascii: "*"))
        else { return nil }
        let essence = "\(type)/\(subtype)"
        if self.topLevelTypes.contains(type) { return essence }
        if essence == "binary/octet-stream" { return self.octetStream.essence }
        // No registered top-level type, so only the names that are in use.
        guard type == "chemical", MediaTypeTable.codes(of: essence.utf8.span, in: MediaTypeTable.types) != nil else {
            return nil
        }
        return essence
    }

    /// A type without parameters that the project itself names, in lower case.
    init(essence: String) {
        self.text = essence
        self.essence = essence
    }

    /// The type of bytes nobody described.
    public static let octetStream = MediaType(essence: "application/octet-stream")

    /// The parameters in the order given; read from the text each time.
    public var parameters: [Parameter] { Self.parse(self.text)?.parameters ?? [] }

    /// The type before the slash, in lower case.
    public var topLevelType: String {
        String(self.essence.prefix { $0 != "/" })
    }

    /// `application/octet-stream`, the type of bytes nobody described.
    public var isGeneric: Bool {
        self.essence == Self.octetStream.essence
    }

    /// Whether an upload may announce another type when this one was declared.
    ///
    /// Types are compared without regard to case; a `charset` may be added, and is compared without regard to case
    /// where it was declared. For types that have no `charset` it means nothing, and makes no difference. `codecs` are
    /// compared without regard to case and white space, as `Blob` writes its type in lower case; every other parameter
    /// must be the same.
    ///
    /// - Parameter received: The type that arrived with the bytes.
    /// - Returns: `true` if so.
    public func accepts(_ received: MediaType) -> Bool {
        if self.text == received.text { return true }
        guard self.essence == received.essence else { return false }
        if self.hasCharset, let charset = self.charset, charset != received.charset { return false }
        return self.comparedParameters == received.comparedParameters
    }

    /// The type as it is kept: ``text``.
    public var description: String { self.text }

    /// Whether a `charset` says anything: in `text`, XML and JSON (RFC 7303, WHATWG MIME Sniffing §4.6).
    private var hasCharset: Bool {
        self.topLevelType == "text" || ["application/xml", "application/json"].contains(self.essence)
            || self.essence.hasSuffix("+xml") || self.essence.hasSuffix("+json")
    }

    private var charset: String? {
        self.parameters.first { $0.name == "charset" }?.value.lowercased()
    }

    /// The parameters that must be the same, without what makes no difference.
    private var comparedParameters: Set<Parameter> {
        Set(
            self.parameters.lazy.filter { $0.name != "charset" }.map { parameter in
                guard parameter.name == "codecs" else { return parameter }
                return Parameter(name: parameter.name, value: parameter.value.lowercased().filter { $0 != " " })
            })
    }
}
