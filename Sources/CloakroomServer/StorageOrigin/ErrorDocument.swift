/// The body of an error response: S3's XML, or the same as JSON where the client accepts that.
struct ErrorDocument {
    private let rejection: StorageRejection
    private let requestID: String

    init(_ rejection: StorageRejection, requestID: String) {
        self.rejection = rejection
        self.requestID = requestID
    }

    private var elements: [StorageRejection.Detail] {
        [.init("Code", self.rejection.code), .init("Message", self.rejection.message)] + self.rejection.details
            + [.init("RequestId", self.requestID)]
    }

    var xml: String {
        let body = self.elements.map { "<\($0.name)>\(Self.escapeXML($0.value))</\($0.name)>" }.joined()
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\(body)</Error>\n"
    }

    var json: String {
        let members = self.elements.map { (name: $0.name, value: JSONOutput.string($0.value)) }
        return String(decoding: JSONOutput.object([("Error", .object(members))]).line, as: UTF8.self)
    }

    /// Escapes text, and drops what XML 1.0 §2.2 has no character for.
    private static func escapeXML(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
