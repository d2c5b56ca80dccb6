/// A media type (RFC 9110 §8.3.1) whose top-level type is registered with IANA.
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

    /// The text as given, without surrounding white space.
    public let text: String
    /// `type/subtype` in lower case.
    public let essence: String
    /// The parameters in the order given.
    public let parameters: [Parameter]

    /// Reads a media type.
    ///
    /// - Parameter text: As in a `Content-Type` field; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        var scanner = FieldScanner(text)
        scanner.skipWhitespace()
        let start = scanner.position
        guard text.utf8.count <= Self.maximumLength,
            let type = scanner.token()?.lowercased(), Self.topLevelTypes.contains(type), scanner.take("/"),
            let subtype = scanner.token()?.lowercased(), !subtype.contains("*")
        else { return nil }
        var end = scanner.position
        var parameters: [Parameter] = []
        while scanner.takePaddedSemicolon() {
            // An empty parameter is allowed: parameters = *( OWS ";" OWS [ parameter ] ).
            guard let name = scanner.token()?.lowercased() else { continue }
            guard scanner.take("="), let value = scanner.token() ?? scanner.quotedString() else { return nil }
            parameters.append(Parameter(name: name, value: value))
            end = scanner.position
        }
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { return nil }
        self.text = scanner.text(from: start, to: end)
        self.essence = "\(type)/\(subtype)"
        self.parameters = parameters
    }

    private init(essence: String) {
        self.text = essence
        self.essence = essence
        self.parameters = []
    }

    /// The type of bytes nobody described.
    public static let octetStream = MediaType(essence: "application/octet-stream")

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
    /// where it was declared; every other parameter must be the same.
    ///
    /// - Parameter received: The type that arrived with the bytes.
    /// - Returns: `true` if so.
    public func accepts(_ received: MediaType) -> Bool {
        guard self.essence == received.essence else { return false }
        let declaredCharset = self.charset
        guard declaredCharset == nil || declaredCharset == received.charset else { return false }
        let isOther: (Parameter) -> Bool = { $0.name != "charset" }
        return Set(self.parameters.filter(isOther)) == Set(received.parameters.filter(isOther))
    }

    /// The type as given, without surrounding white space.
    public var description: String { self.text }

    private var charset: String? {
        self.parameters.first { $0.name == "charset" }?.value.lowercased()
    }
}
