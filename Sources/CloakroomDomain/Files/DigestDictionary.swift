/// The value of `Content-Digest` and `Repr-Digest`: a dictionary of byte sequences (RFC 9530 §2, RFC 9651 §3.2).
enum DigestDictionary {
    private static let algorithms: [String: Checksum.Algorithm] = ["sha-256": .sha256, "sha-512": .sha512]

    /// Reads a dictionary with at least one supported algorithm; members of other algorithms are ignored.
    static func read(_ field: String, _ value: String) throws(ChecksumError) -> [Checksum] {
        var scanner = FieldScanner(value)
        var checksums: [Checksum] = []
        var keys: [String] = []
        repeat {
            scanner.skipWhitespace()
            guard let key = scanner.token(), Self.isKey(key), scanner.take("="), let digits = scanner.byteSequence(),
                Self.skipParameters(&scanner)
            else { throw .malformed(field: field) }
            keys.append(key)
            if let algorithm = self.algorithms[key] {
                checksums.append(try Checksum(field: field, algorithm: algorithm, base64: digits))
            }
            scanner.skipWhitespace()
        } while scanner.take(",")
        guard scanner.isAtEnd else { throw .malformed(field: field) }
        guard !checksums.isEmpty else {
            throw .unsupported(field: field, received: String(keys.joined(separator: ", ").prefix(100)))
        }
        return checksums
    }

    /// Whether a token is a key: `( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )` (RFC 9651 §3.1.2).
    private static func isKey(_ token: String) -> Bool {
        let isLetter: (Character) -> Bool = { ("a"..."z").contains($0) || $0 == "*" }
        return token.first.map(isLetter) == true
            && token.allSatisfy { isLetter($0) || ("0"..."9").contains($0) || "_-.".contains($0) }
    }

    /// Skips `*( ";" key [ "=" bare-item ] )`, which has no meaning here.
    private static func skipParameters(_ scanner: inout FieldScanner) -> Bool {
        while scanner.take(";") {
            scanner.skipWhitespace()
            guard scanner.token() != nil else { return false }
            if scanner.take("="), !self.takeItem(&scanner) { return false }
        }
        return true
    }

    private static func takeItem(_ scanner: inout FieldScanner) -> Bool {
        if scanner.take("?") { return scanner.token() != nil }
        return scanner.byteSequence() != nil || scanner.quotedString() != nil || scanner.token() != nil
    }
}
