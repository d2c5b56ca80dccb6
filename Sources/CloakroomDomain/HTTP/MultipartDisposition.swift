/// The `Content-Disposition` of a form's part (RFC 7578 §4.2), as browsers and libraries write it.
///
/// - In quotation marks, `\"` and `\\` are escapes, as of curl before 7.81 and of aiohttp. Any other backslash stands for
///   itself, as in the paths of old browsers; so does every one where the field cannot be read otherwise, as browsers
///   write a name that ends with one.
/// - `%22`, `%0D` and `%0A` are escapes of WHATWG's encoding of forms. In a filename every `%` and two digits is one,
///   as of aiohttp (RFC 7578 §2), where that gives UTF-8.
/// - `filename*` and `name*` (RFC 8187) count more than `filename` and `name`.
/// - Of a filename only what follows the last `/` or `\` is kept, once it is decoded.
struct MultipartDisposition: Hashable, Sendable {
    /// The name of the form's field; it can be empty.
    let name: String
    /// The last component of the file's name; `nil` where there is none or an empty one.
    let filename: String?

    /// Reads the field's value.
    init(_ value: String) throws(MultipartError) {
        let parameters = try Self.parameters(value)
        let plainName = parameters["name"].map { Self.text(Self.unescape($0)) }
        guard let name = try Self.extended("name*", parameters) ?? plainName else { throw .missingName }
        self.name = name
        let filename = try Self.extended("filename*", parameters) ?? parameters["filename"].map(Self.decodeFilename)
        let component = filename?.utf8.split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\")
        }.last
        self.filename = component.flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
    }

    private static func parameters(_ value: String) throws(MultipartError) -> [String: [UInt8]] {
        do throws(MultipartError) {
            return try self.parameters(value, hasBackslashEscapes: true)
        } catch {
            guard case .malformedDisposition = error else { throw error }
            return try self.parameters(value, hasBackslashEscapes: false)
        }
    }

    private static func parameters(
        _ value: String, hasBackslashEscapes: Bool
    ) throws(MultipartError) -> [String: [UInt8]] {
        var scanner = MultipartParameterScanner(value, hasBackslashEscapes: hasBackslashEscapes)
        guard let type = scanner.token() else { throw .malformedDisposition(received: value) }
        guard type.lowercased() == "form-data" else { throw .notFormData(received: type) }
        var parameters: [String: [UInt8]] = [:]
        while let parameter = try scanner.next() {
            let name = parameter.name.lowercased()
            guard parameters.updateValue(parameter.value, forKey: name) == nil else {
                throw .repeatedParameter(name: name)
            }
        }
        return parameters
    }

    private static func decodeFilename(_ value: [UInt8]) -> String {
        String(validating: PercentEncoding.decodeCanonical(value[...]), as: UTF8.self)
            ?? self.text(self.unescape(value))
    }

    /// Undoes the escapes of WHATWG's encoding of forms, in either case of their digits.
    private static func unescape(_ value: [UInt8]) -> [UInt8] {
        let escapes: [String: UInt8] = ["22": 0x22, "0d": 0x0D, "0a": 0x0A]
        var output: [UInt8] = []
        var rest = value[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self).lowercased()
            if byte == UInt8(ascii: "%"), let escaped = escapes[digits] {
                output.append(escaped)
                rest = rest.dropFirst(2)
            } else {
                output.append(byte)
            }
        }
        return output
    }

    /// `ext-value = charset "'" [ language ] "'" value-chars` (RFC 8187 §3.2.1), or the same with ISO-8859-1 (RFC 5987).
    private static func extended(_ name: String, _ parameters: [String: [UInt8]]) throws(MultipartError) -> String? {
        guard let value = parameters[name] else { return nil }
        let parts = value.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .extendedParameter(name: name, received: self.text(value)) }
        let bytes = PercentEncoding.decodeCanonical(parts[2])
        let text: String? =
            switch String(decoding: parts[0], as: UTF8.self).lowercased() {
            case "utf-8": String(validating: bytes, as: UTF8.self)
            case "iso-8859-1": String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
            default: nil
            }
        guard let text else { throw .extendedParameter(name: name, received: self.text(value)) }
        return text
    }

    /// The text of bytes that are UTF-8, as what is left of valid UTF-8 without some ASCII.
    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
