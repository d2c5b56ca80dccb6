import CloakroomCrypto

/// The header fields of a delivery, well-formed and not yet verified (Standard Webhooks 1.0.0, "Webhook headers").
public struct WebhookHeaders: Hashable, Sendable {
    /// The id of the event, the same for each attempt to deliver it: a receiver remembers it to act once.
    public let id: String
    /// When this attempt was made.
    public let timestamp: Timestamp
    /// The signatures of version `v1`; there may be several while a secret is rotated.
    let signatures: [SHA256Digest]

    /// Reads the values of the three fields, `nil` for a field that was not sent.
    ///
    /// - Parameters:
    ///   - id: `webhook-id`: printable ASCII without a space or a full stop, which delimits the signed parts.
    ///   - timestamp: `webhook-timestamp`: seconds since 1970-01-01T00:00:00Z, decimal digits alone.
    ///   - signature: `webhook-signature`: pairs of a version and a value, `v1,<Base64>`, separated by spaces. Pairs of
    ///     other versions are ignored.
    /// - Throws: ``WebhookSignatureError/missing(_:)`` or ``WebhookSignatureError/malformed(_:)``.
    public init(id: String?, timestamp: String?, signature: String?) throws(WebhookSignatureError) {
        self.id = try Self.present(id, .id)
        guard self.id.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ".") }) else {
            throw .malformed(.id)
        }
        guard let seconds = DecimalDigits.wholeNumber(of: try Self.present(timestamp, .timestamp).utf8) else {
            throw .malformed(.timestamp)
        }
        self.timestamp = Timestamp(secondsSinceEpoch: seconds)
        self.signatures = try Self.signatures(try Self.present(signature, .signature))
    }

    /// Finds the three fields among those of a request; names are compared without regard to case, and a field that was
    /// sent twice is malformed.
    ///
    /// - Throws: ``WebhookSignatureError/missing(_:)`` or ``WebhookSignatureError/malformed(_:)``.
    public init(_ fields: [(name: String, value: String)]) throws(WebhookSignatureError) {
        func value(_ field: WebhookSignatureError.Field) throws(WebhookSignatureError) -> String? {
            let values = fields.filter { $0.name.lowercased() == field.rawValue }
            guard values.count < 2 else { throw .malformed(field) }
            return values.first?.value
        }
        try self.init(
            id: try value(.id), timestamp: try value(.timestamp), signature: try value(.signature))
    }

    /// A field without a value says as little as none.
    private static func present(
        _ value: String?, _ field: WebhookSignatureError.Field
    ) throws(WebhookSignatureError) -> String {
        guard let value, !value.isEmpty else { throw .missing(field) }
        return value
    }

    private static func signatures(_ text: String) throws(WebhookSignatureError) -> [SHA256Digest] {
        var signatures: [SHA256Digest] = []
        for pair in text.split(separator: " ") {
            guard let comma = pair.firstIndex(of: ","), comma > pair.startIndex else { throw .malformed(.signature) }
            guard pair[..<comma] == WebhookSignature.version else { continue }
            guard let bytes = Base64.decode(pair[pair.index(after: comma)...]), let digest = SHA256Digest(bytes: bytes)
            else { throw .malformed(.signature) }
            signatures.append(digest)
        }
        return signatures
    }
}
