import CloakroomCrypto
import CloakroomDomain

/// The fields that declare a file, each checked by itself; what is wrong is added to a list.
enum UploadFields {
    typealias Errors = [APIError.FieldError]

    static func filename(_ value: JSONValue?, _ errors: inout Errors) -> Filename? {
        guard let text = self.string(value, "filename", &errors) else { return nil }
        do throws(Filename.Invalid) {
            return try Filename(text)
        } catch {
            errors.add("filename", Self.reason(error))
            return nil
        }
    }

    private static func reason(_ error: Filename.Invalid) -> String {
        switch error {
        case .length(let length):
            return "must have 1 to \(Filename.maximumLength) characters; it has \(length)"
        case .character(let scalar):
            let code = String(scalar.value, radix: 16, uppercase: true)
            return "must not contain control characters, / or \\; it contains U+\(Self.pad(code))"
        }
    }

    static func mediaType(_ value: JSONValue?, _ errors: inout Errors) -> MediaType? {
        guard let text = self.string(value, "content_type", &errors) else { return nil }
        guard let mediaType = MediaType(text) else {
            errors.add(
                "content_type",
                """
                must be a media type like image/png, of a registered top-level type; it is \
                "\(text.excerpt)". \(Self.wayOut)
                """)
            return nil
        }
        return mediaType
    }

    static func size(_ value: JSONValue?, maximum: ByteCount, _ errors: inout Errors) -> ByteCount? {
        let rule = "must be a whole number from 1 to \(maximum)"
        switch value {
        case .integer(let bytes) where (1...maximum.bytes).contains(bytes): return ByteCount(bytes)
        case .none: errors.add("size_bytes", "is required; it \(rule)")
        case .some(let other): errors.add("size_bytes", "\(rule); it is \(other.kind)")
        }
        return nil
    }

    static func digest(_ value: JSONValue?, _ errors: inout Errors) -> SHA256Digest? {
        switch value {
        case .none, .null: return nil
        case .string(let text):
            if let digest = SHA256Digest(hexadecimal: text) { return digest }
            errors.add("sha256", "must be 64 hexadecimal digits; it is \"\(text.excerpt)\"")
        case .some(let other):
            errors.add("sha256", "must be a string of 64 hexadecimal digits; it is \(other.kind)")
        }
        return nil
    }

    /// Returns how long a file is to be kept; `nil` where nothing is said.
    static func fileLifetime(_ value: JSONValue?, _ errors: inout Errors) -> FileLifetime? {
        switch value {
        case .none, .null: return nil
        case .integer(let seconds):
            if let lifetime = FileLifetime(seconds: seconds) { return lifetime }
            errors.append(self.lifetimeError("\(seconds)"))
        case .some(let other): errors.append(self.lifetimeError(other.kind))
        }
        return nil
    }

    /// Returns how long a file is to be kept, by a parameter of the query.
    static func fileLifetime(query text: String?, _ errors: inout Errors) -> FileLifetime? {
        guard let text else { return nil }
        let seconds = DecimalDigits.wholeNumber(of: text.utf8)
        if let lifetime = seconds.flatMap({ FileLifetime(seconds: $0) }) { return lifetime }
        errors.append(self.lifetimeError("\"\(text.excerpt)\""))
        return nil
    }

    private static func lifetimeError(_ received: String) -> APIError.FieldError {
        let range = FileLifetime.range
        return .init(
            field: "expires_after_seconds",
            reason: "must be a whole number from \(range.lowerBound) to \(range.upperBound); it is \(received)")
    }

    /// What a client can always declare; both rejections of a media type name it.
    private static let wayOut = "application/octet-stream is accepted for every file"

    static func checkExtension(_ filename: Filename, _ mediaType: MediaType, _ errors: inout Errors) {
        guard let usual = FileExtension.contradiction(of: mediaType, by: filename) else { return }
        errors.add(
            "content_type",
            """
            contradicts the extension of filename: .\(filename.pathExtension ?? "") is \(usual), \
            not \(mediaType.essence). \(Self.wayOut)
            """)
    }

    private static func string(_ value: JSONValue?, _ field: String, _ errors: inout Errors) -> String? {
        switch value {
        case .string(let text): return text
        case .none: errors.add(field, "is required")
        case .some(let other): errors.add(field, "must be a string; it is \(other.kind)")
        }
        return nil
    }

    private static func pad(_ digits: String) -> String {
        String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
