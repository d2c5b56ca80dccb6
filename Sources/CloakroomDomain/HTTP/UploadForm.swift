/// A form that uploads a file: one file part, and fields before it that declare the file.
///
/// A pure state machine.
///
/// - The file is the part named `file` or `content`, with or without a filename of its own.
/// - Each ``Field`` comes at most once, before the file, in the form or in the query but not in both. A field counts
///   more than what the file part says of itself.
/// - At most ``maximumOtherFields`` other fields are ignored. None may have a filename: the client would believe that
///   its file was kept.
///
/// Values are text, not yet validated.
package struct UploadForm: Sendable {
    /// The names that a file part can have.
    package static let fileNames = ["file", "content"]
    /// The most fields that are ignored.
    package static let maximumOtherFields = 16
    /// The most bytes in the value of a field, ignored or not.
    package static let maximumFieldLength = 8_192

    private enum State {
        case betweenParts
        case field(Field)
        case otherField(name: String)
        case file
        case failed(UploadFormError)
    }

    private var parser: MultipartParser
    private var state: State = .betweenParts
    private var values: [Field: String]
    private let queryFields: Set<Field>
    /// The value of the field at hand, of one to be ignored only its length.
    private var value: [UInt8] = []
    private var valueLength = 0
    private var otherFieldCount = 0
    private var hasFile = false

    /// Begins before the first byte of a body; the fields of the URL's query, decoded, count as the form's own.
    package init(boundary: MultipartBoundary, query: [Field: String] = [:]) {
        self.parser = MultipartParser(boundary: boundary)
        self.values = query
        self.queryFields = Set(query.keys)
    }

    /// Reads up to the next event, as ``MultipartParser/next(in:from:)`` does.
    package mutating func next(in chunk: RawSpan, from offset: inout Int) throws(UploadFormError) -> Event? {
        do throws(UploadFormError) {
            if case .failed(let error) = self.state { throw error }
            while let event = try self.parse(chunk, from: &offset) {
                if let event = try self.take(event, of: chunk) { return event }
            }
            return nil
        } catch {
            self.state = .failed(error)
            throw error
        }
    }

    /// Takes note of the body's end; throws where the form is not complete.
    package func finish() throws(UploadFormError) {
        if case .failed(let error) = self.state { throw error }
        do throws(MultipartError) {
            try self.parser.finish()
        } catch {
            throw .malformed(error)
        }
    }

    private mutating func parse(
        _ chunk: RawSpan, from offset: inout Int
    ) throws(UploadFormError) -> MultipartParser.Event? {
        do throws(MultipartError) {
            return try self.parser.next(in: chunk, from: &offset)
        } catch {
            throw .malformed(error)
        }
    }

    private mutating func take(_ event: MultipartParser.Event, of chunk: RawSpan) throws(UploadFormError) -> Event? {
        switch event {
        case .partBegan(let part):
            return try self.begin(part)
        case .bytes(let range):
            if case .file = self.state { return .bytes(range) }
            try self.append(chunk.bytes(in: range))
            return nil
        case .heldBytes(let bytes):
            if case .file = self.state { return .heldBytes(bytes) }
            try self.append(bytes)
            return nil
        case .partEnded:
            try self.endPart()
            return nil
        case .ended:
            guard self.hasFile else { throw .noFile }
            return .ended
        }
    }

    // MARK: Parts

    private mutating func begin(_ part: MultipartPart) throws(UploadFormError) -> Event? {
        if Self.fileNames.contains(part.name) {
            guard !self.hasFile else { throw .secondFile(name: part.name) }
            guard let filename = self.values[.filename] ?? part.filename else { throw .noFilename }
            self.hasFile = true
            self.state = .file
            return .file(
                Declaration(
                    filename: filename, contentType: self.values[.contentType] ?? part.contentType,
                    sha256: self.values[.sha256], expiresAfterSeconds: self.values[.expiresAfterSeconds]))
        }
        let field = Field(rawValue: part.name)
        // Python's requests names a part's file after the part where a value is given as a file.
        guard part.filename == nil || (field != nil && part.filename == part.name) else {
            throw .fileUnderOtherName(name: part.name)
        }
        self.value = []
        self.valueLength = 0
        if let field {
            guard !self.hasFile else { throw .fieldAfterFile(field) }
            guard !self.queryFields.contains(field) else { throw .fieldAlsoInQuery(field) }
            guard self.values[field] == nil else { throw .repeatedField(field) }
            self.state = .field(field)
        } else {
            self.otherFieldCount += 1
            guard self.otherFieldCount <= Self.maximumOtherFields else {
                throw .tooManyFields(maximum: Self.maximumOtherFields)
            }
            self.state = .otherField(name: part.name)
        }
        return nil
    }

    private mutating func append(_ bytes: [UInt8]) throws(UploadFormError) {
        self.valueLength += bytes.count
        let isTooLong = self.valueLength > Self.maximumFieldLength
        switch self.state {
        case .field(let field):
            guard !isTooLong else { throw .fieldTooLong(name: field.rawValue, maximum: Self.maximumFieldLength) }
            self.value.append(contentsOf: bytes)
        case .otherField(let name):
            guard !isTooLong else { throw .fieldTooLong(name: name, maximum: Self.maximumFieldLength) }
        case .betweenParts, .file, .failed: break
        }
    }

    private mutating func endPart() throws(UploadFormError) {
        if case .field(let field) = self.state {
            guard let text = String(validating: self.value, as: UTF8.self) else { throw .fieldNotUTF8(field) }
            self.values[field] = text
        }
        self.state = .betweenParts
    }
}
