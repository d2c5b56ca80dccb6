/// A `Content-Disposition` field (RFC 6266) that carries a filename in both of its forms.
public struct ContentDisposition: Sendable {
    /// What a browser is asked to do.
    public enum Kind: String, Sendable {
        /// Show the file where it can.
        case inline
        /// Save the file.
        case attachment
    }

    private let kind: Kind
    private let filename: Filename

    /// Creates a disposition.
    public init(_ kind: Kind = .inline, filename: Filename) {
        self.kind = kind
        self.filename = filename
    }

    /// The field's value, ASCII: `filename` with anything else replaced by `_`, and where something was replaced,
    /// `filename*` with the whole name (RFC 8187 §3.2).
    public var fieldValue: String {
        var fallback = ""
        var isExact = true
        for scalar in self.filename.text.unicodeScalars {
            // A quotation mark or per cent sign is read differently by different browsers (RFC 6266 appendix D).
            if (" "..."~").contains(scalar), scalar != "\"", scalar != "%" {
                fallback.unicodeScalars.append(scalar)
            } else {
                fallback += "_"
                isExact = false
            }
        }
        let plain = "\(self.kind.rawValue); filename=\"\(fallback)\""
        return isExact ? plain : plain + "; filename*=UTF-8''\(self.extendedValue)"
    }

    /// value-chars of RFC 8187 §3.2.1.
    private var extendedValue: String {
        var encoded: [UInt8] = []
        for byte in self.filename.text.utf8 {
            if HTTPCharacter.isToken(byte), byte != UInt8(ascii: "*"), byte != UInt8(ascii: "'"),
                byte != UInt8(ascii: "%")
            {
                encoded.append(byte)
            } else {
                PercentEncoding.append(byte, as: .query, to: &encoded)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
