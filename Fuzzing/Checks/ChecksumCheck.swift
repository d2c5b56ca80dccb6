import CloakroomCrypto
import CloakroomDomain
import Foundation

/// A text as base 16, as base 64, and as a field that announces a digest, against Foundation's decoder.
enum ChecksumCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        try self.checkHexadecimal(bytes)
        try self.checkBase64(bytes)
        try self.checkFields(bytes.text)
    }

    // MARK: Encodings

    private static func checkHexadecimal(_ bytes: [UInt8]) throws(Violation) {
        let values = bytes.map { Character(Unicode.Scalar($0)).hexDigitValue }
        let isHexadecimal = bytes.count.isMultiple(of: 2) && !values.contains(nil)
        let decoded = Hexadecimal.decode(bytes)
        try Violation.unless((decoded != nil) == isHexadecimal, "digits in pairs are decoded", bytes.text)
        if let decoded {
            let digits = values.compactMap { $0 }
            let expected = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
            try Violation.unless(decoded == expected, "a pair of digits is a byte", bytes.text)
        }
        let encoded = Hexadecimal.encode(bytes)
        let expected = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try Violation.unless(encoded == expected, "a byte is two digits in lower case", bytes.text)

        let isDigest = bytes.count == 64 && isHexadecimal
        let digest = SHA256Digest(hexadecimal: bytes.text)
        try Violation.unless((digest != nil) == isDigest, "a digest is 64 digits", bytes.text)
        let strict = SHA256Digest(lowerCaseHexadecimal: bytes[...])
        let hasCapital = bytes.contains { UInt8(ascii: "A")...UInt8(ascii: "F") ~= $0 }
        try Violation.unless(
            strict == (hasCapital ? nil : digest), "a strict digest is the same in lower case only", bytes.text)
        try Violation.unless(digest.map { $0.bytes == decoded } ?? true, "a digest is its digits", bytes.text)
    }

    private static func checkBase64(_ bytes: [UInt8]) throws(Violation) {
        let text = bytes.text
        try Violation.unless(Base64.decode(text) == self.decode(text), "base 64 is that of RFC 4648 §4", text)
        let translated = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        let padded = translated + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let isUnpadded = !text.utf8.contains { "+/=".utf8.contains($0) }
        try Violation.unless(
            Base64.decode(text, alphabet: .urlSafe) == (isUnpadded ? self.decode(padded) : nil),
            "URL-safe base 64 is that of RFC 4648 §5", text)
        try Violation.unless(
            Base64.encode(bytes) == Data(bytes).base64EncodedString(), "bytes are encoded as RFC 4648 §4 says", text)
        let urlSafe = Base64.encode(bytes, alphabet: .urlSafe)
        try Violation.unless(
            Base64.decode(urlSafe, alphabet: .urlSafe) == bytes, "what is encoded is decoded to the same", urlSafe)
    }

    /// Decodes the one canonical form: Foundation bears with bits that are left over.
    private static func decode(_ text: String) -> [UInt8]? {
        guard let data = Data(base64Encoded: text), Array(data.base64EncodedString().utf8) == Array(text.utf8) else {
            return nil
        }
        return Array(data)
    }

    // MARK: Fields

    private static let sizes: KeyValuePairs<String, Int> = [
        "content-md5": 16, "x-amz-checksum-crc32": 4, "x-amz-checksum-crc32c": 4, "x-amz-checksum-crc64nvme": 8,
        "x-amz-checksum-md5": 16, "x-amz-checksum-sha1": 20, "x-amz-checksum-sha256": 32, "x-amz-checksum-sha512": 64,
    ]

    private static func checkFields(_ text: String) throws(Violation) {
        for (field, size) in self.sizes {
            let expected = self.decode(text).flatMap { $0.count == size ? [$0] : nil }
            let found = try? Checksum.read(field, text)
            try Violation.unless(found?.map(\.value) == expected, "\(field) is a digest of its size", text)
        }
        guard let digests = try? Checksum.read("content-digest", text) else { return }
        // Every digest that is found stands in the field as a member of its own (RFC 9530 §2).
        try Violation.unless(!digests.isEmpty, "a dictionary that is accepted has a digest", text)
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let members = text.split(separator: ",").map { $0.drop(while: isSpace) }
        for digest in digests {
            let (key, size) = digest.algorithm == .sha256 ? ("sha-256", 32) : ("sha-512", 64)
            let member = "\(key)=:\(Data(digest.value).base64EncodedString()):"
            try Violation.unless(
                digest.value.count == size && members.contains { $0.hasPrefix(member) },
                "a digest stands in its member", "\(member) in \(text)")
        }
    }
}
