public import CloakroomCrypto

/// An access key id and the secret that signs and verifies presigned URLs.
public struct SigningKey: Sendable {
    /// The rule of an access key id, for messages.
    public static let rule = "16 to 128 characters from A-Z, a-z, 0-9 and _"

    /// The id, which is no secret: it stands in every URL.
    public let accessKeyID: String
    /// When the key was made.
    public let createdAt: Timestamp
    private let secret: Secret<String>

    /// Creates a key of valid parts.
    ///
    /// - Parameters:
    ///   - accessKeyID: By the ``rule``; anything else gives `nil`.
    ///   - secret: At least 16 printable ASCII characters without a space; anything else gives `nil`.
    ///   - createdAt: When the key was made.
    public init?(accessKeyID: String, secret: String, createdAt: Timestamp) {
        guard (16...128).contains(accessKeyID.utf8.count),
            accessKeyID.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_")
            }), secret.utf8.count >= 16, secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.init(valid: accessKeyID, secret: secret, createdAt: createdAt)
    }

    /// Creates a new key: 20 characters of id, 40 of secret, the lengths of Amazon's; throws where there is no entropy.
    public static func generate(now: Timestamp) throws(RandomBytes.Unavailable) -> SigningKey {
        let id = "CLK" + Hexadecimal.encode(try RandomBytes.generate(count: 9)).uppercased().prefix(17)
        let secret = Base64.encode(try RandomBytes.generate(count: 30), alphabet: .urlSafe)
        return SigningKey(valid: id, secret: secret, createdAt: now)
    }

    private init(valid accessKeyID: String, secret: String, createdAt: Timestamp) {
        self.accessKeyID = accessKeyID
        self.secret = Secret(secret)
        self.createdAt = createdAt
    }

    /// Returns the secret itself, for the key file.
    public func revealSecret() -> String {
        self.secret.reveal()
    }

    /// Derives the key of one day, region and service.
    ///
    /// `HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request")`
    ///
    /// - Parameter scope: What to derive it for.
    /// - Returns: The derived key, which is as secret as the key itself.
    public func derived(for scope: CredentialScope) -> HMACSHA256 {
        let start = HMACSHA256(key: Array("AWS4\(self.secret.reveal())".utf8))
        return [scope.day, scope.region, scope.service, CredentialScope.terminator].reduce(start) { key, part in
            HMACSHA256(key: key.authenticationCode(for: Array(part.utf8)))
        }
    }
}
