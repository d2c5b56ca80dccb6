package import CloakroomDomain

/// What a form says of its file, by the code or by the contract restated on whole parts.
package struct UploadFormOutcome: Hashable {
    /// What the form says about the file.
    package private(set) var declaration: UploadForm.Declaration?
    /// The file's bytes.
    package private(set) var content: [UInt8] = []
    /// Whether the form ended.
    package private(set) var isComplete = false
    /// Why it did not.
    package private(set) var error: UploadFormError?

    /// Feeds the code.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - boundary: Its boundary.
    ///   - query: The fields of the query.
    ///   - cuts: The rising offsets at which one chunk ends and another begins.
    package init(
        _ body: [UInt8], boundary: MultipartBoundary, query: [UploadForm.Field: String], cuts: some Sequence<Int>
    ) {
        var form = UploadForm(boundary: boundary, query: query)
        do throws(UploadFormError) {
            for chunk in body.chunks(cuts) {
                var offset = 0
                while let event = try form.next(in: chunk.span.bytes, from: &offset) {
                    switch event {
                    case .file(let declaration): self.declaration = declaration
                    case .bytes(let range): self.content += chunk[range]
                    case .heldBytes(let bytes): self.content += bytes
                    case .ended: self.isComplete = true
                    }
                }
            }
            try form.finish()
        } catch {
            self.error = error
        }
    }

    /// Applies the contract; `nil` where a form is refused.
    init?(parts: [MultipartOutcome.Part], query: [UploadForm.Field: String]) {
        let names = parts.map(\.head.name)
        let fields = UploadForm.Field.allCases.map(\.rawValue)
        let isFile: (String) -> Bool = { $0 == "file" || $0 == "content" }
        guard names.count(where: isFile) == 1, let index = names.firstIndex(where: isFile),
            !names[index...].contains(where: fields.contains),
            names.count(where: { !isFile($0) && !fields.contains($0) }) <= 16
        else { return nil }
        var values: [String: String] = [:]
        for (field, value) in query { values[field.rawValue] = value }
        for part in parts where !isFile(part.head.name) {
            let isNamedAfterItself = fields.contains(part.head.name) && part.head.filename == part.head.name
            guard part.head.filename == nil || isNamedAfterItself, part.content.count <= 8_192 else { return nil }
            guard fields.contains(part.head.name) else { continue }
            let text = part.content.text
            guard Array(text.utf8) == part.content, values.updateValue(text, forKey: part.head.name) == nil else {
                return nil
            }
        }
        let file = parts[index]
        guard let filename = values["filename"] ?? file.head.filename else { return nil }
        self.declaration = UploadForm.Declaration(
            filename: filename, contentType: values["content_type"] ?? file.head.contentType, sha256: values["sha256"],
            expiresAfterSeconds: values["expires_after_seconds"])
        self.content = file.content
        self.isComplete = true
    }
}
