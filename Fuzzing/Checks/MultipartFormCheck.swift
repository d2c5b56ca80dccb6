import CloakroomDomain

/// A form's body, cut in any way, against the same body read as a whole and the contract restated.
///
/// The input is the value of `Content-Type`, a line feed, and the body.
enum MultipartFormCheck {
    static func run(_ bytes: [UInt8]) throws(Violation) {
        let field = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let body = Array(bytes.dropFirst(field.count + 1))
        guard let boundary = try self.boundary(Array(field).text) else { return }
        let outcome = try MultipartOutcome(body, boundary: boundary, cuts: [])
        let query: [UploadForm.Field: String] = body.count.isMultiple(of: 2) ? [:] : [.filename: "name of the query"]
        let upload = UploadFormOutcome(body, boundary: boundary, query: query, cuts: [])
        for cuts in self.cuts(of: body.count) {
            let other = try MultipartOutcome(body, boundary: boundary, cuts: cuts)
            try Violation.unless(outcome == other, "a form is the same however it is cut", "\(cuts): \(other)")
            let otherUpload = UploadFormOutcome(body, boundary: boundary, query: query, cuts: cuts)
            try Violation.unless(upload == otherUpload, "so is its upload", "\(cuts): \(otherUpload)")
        }
        try self.checkSections(outcome, body, boundary)
        try self.checkUpload(upload, outcome, query)
        guard outcome.error == nil else { return }
        let encoded = Self.encode(outcome.parts, boundary)
        let again = try MultipartOutcome(encoded, boundary: boundary, cuts: [])
        try Violation.unless(again == outcome, "what was read is written and read the same", encoded.text)
    }

    /// A boundary is 1 to 70 `bchars` of the field, the last one no space.
    private static func boundary(_ field: String) throws(Violation) -> MultipartBoundary? {
        let allowed = Set("'()+_,-./:=? 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        guard let boundary = try? MultipartBoundary.read(field) else { return nil }
        let text = boundary.text
        try Violation.unless(
            (1...70).contains(text.utf8.count) && text.utf8.allSatisfy(allowed.contains) && !text.hasSuffix(" "),
            "a boundary is one by RFC 2046", text)
        try Violation.unless(
            field.lowercased().contains("multipart/form-data"), "a boundary is a form's", field)
        return boundary
    }

    /// Byte by byte, in threes, and in two at some places; fuzzing has other lengths, and so other places.
    private static func cuts(of length: Int) -> [[Int]] {
        guard length > 1 else { return [] }
        let step = max(1, length / 8)
        let places = Array(stride(from: 1 + length % step, to: length, by: step))
        return [Array(1..<length), Array(stride(from: 3, to: length, by: 3))] + places.map { [$0] }
    }

    private static func checkSections(
        _ outcome: MultipartOutcome, _ body: [UInt8], _ boundary: MultipartBoundary
    ) throws(Violation) {
        let plain = PlainForm(body, boundary: boundary.text)
        switch outcome.error {
        case .noDelimiter, .noClosingDelimiter, .malformedDelimiterLine:
            try Violation.unless(plain == nil, "a form that has its delimiters is read", body.text)
        case .none:
            guard let plain, outcome.isComplete else { throw Violation("a form without an end is refused") }
            try Violation.unless(
                plain.sections.map { Array($0.content) } == outcome.parts.map(\.content),
                "the contents are what is between the delimiters", body.text)
            for section in plain.sections {
                let lines = section.head.filter { $0 == UInt8(ascii: "\n") }.count
                try Violation.unless(lines <= 17, "a part has 16 header fields at most", section.head.text)
            }
        default: break
        }
    }

    private static func checkUpload(
        _ upload: UploadFormOutcome, _ outcome: MultipartOutcome, _ query: [UploadForm.Field: String]
    ) throws(Violation) {
        if let error = outcome.error {
            try Violation.unless(upload.error != nil, "what is no form is no upload", "\(error)")
            return
        }
        let expected = UploadFormOutcome(parts: outcome.parts, query: query)
        try Violation.unless(
            expected == (upload.error == nil ? upload : nil), "an upload is one by the contract",
            "\(upload), not \(expected.map { "\($0)" } ?? "refused")")
    }

    private static func encode(_ parts: [MultipartOutcome.Part], _ boundary: MultipartBoundary) -> [UInt8] {
        var body: [UInt8] = []
        for part in parts {
            body += Array("--\(boundary)\r\nContent-Disposition: form-data; name*=UTF-8''".utf8)
            body += PlainEncoding.encode(part.head.name.utf8)
            if let filename = part.head.filename {
                body += Array("; filename*=UTF-8''".utf8) + PlainEncoding.encode(filename.utf8)
            }
            if let type = part.head.contentType { body += Array("\r\nContent-Type: \(type)".utf8) }
            body += Array("\r\n\r\n".utf8) + part.content + Array("\r\n".utf8)
        }
        return body + Array("--\(boundary)--".utf8)
    }
}

extension ArraySlice<UInt8> {
    fileprivate var text: String { Array(self).text }
}
