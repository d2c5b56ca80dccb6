import CloakroomDomain

/// The head of an upload that may begin: what it asks for beside its length and type.
struct UploadRequest {
    /// The checksums that the head announces.
    let checksums: AnnouncedChecksums
    /// Whether the upload is rejected if another one is complete before it.
    let rejectsRepetition: Bool

    /// Checks everything that a head can tell.
    init(_ head: RequestHead, _ record: FileRecord, maximumSize: ByteCount) throws(StorageRejection) {
        try Self.checkEncoding(head.request)
        try Self.checkType(head.request, record.declaration)
        try Self.checkLength(head.framing, record.declaration, maximum: maximumSize)
        try Self.checkCompleteness(head.request)
        self.checksums = try Self.checksums(head)
        self.rejectsRepetition = try Self.checkPreconditions(head.request, record)
    }

    private static func checkEncoding(_ request: ReceivedRequest) throws(StorageRejection) {
        guard let received = request.joinedText(of: "content-encoding"), !ContentCoding.isIdentity(received) else {
            return
        }
        throw .encoded(received)
    }

    /// Checks the type against the declared one.
    ///
    /// Without the field the declared type applies. A signed type is there: the signature has shown it.
    private static func checkType(
        _ request: ReceivedRequest, _ declaration: UploadDeclaration
    ) throws(StorageRejection) {
        // Two types joined are no type.
        guard let received = request.joinedText(of: "content-type") else { return }
        guard let mediaType = MediaType(received), declaration.mediaType.accepts(mediaType) else {
            throw .typeMismatch(expected: declaration.mediaType.text, received: received)
        }
    }

    private static func checkLength(
        _ framing: RequestHead.Framing, _ declaration: UploadDeclaration, maximum: ByteCount
    ) throws(StorageRejection) {
        let length: Int64
        switch framing {
        case .chunked: return
        case .none: length = 0
        case .length(let announced): length = announced
        }
        guard length <= maximum.bytes else { throw .tooLarge(maximum: maximum, received: length) }
        guard length == declaration.size.bytes else {
            throw .lengthMismatch(expected: declaration.size.bytes, received: length)
        }
    }

    /// Rejects a part of a file (RFC 9110 §14.5).
    private static func checkCompleteness(_ request: ReceivedRequest) throws(StorageRejection) {
        guard let received = request.joinedText(of: "content-range") else { return }
        throw StorageRejection(
            .badRequest, "InvalidRequest", "A file is uploaded as a whole: send it without Content-Range.",
            [.init("Field", "content-range"), .init("Received", received)])
    }

    /// Reads the checksums that a head announces.
    private static func checksums(_ head: RequestHead) throws(StorageRejection) -> AnnouncedChecksums {
        var fields: AnnouncedChecksums.Fields = []
        for field in head.request.fields where self.mayAnnounceChecksum(head.request.name(of: field)) {
            let name = String(decoding: head.request.name(of: field), as: UTF8.self)
            guard AnnouncedChecksums.isRelevant(name) else { continue }
            fields.append((name, String(decoding: head.request.value(of: field), as: UTF8.self)))
        }
        do throws(ChecksumError) {
            return try AnnouncedChecksums(fields, isChunked: head.framing == .chunked)
        } catch {
            throw StorageRejection(error)
        }
    }

    /// Sorts out most fields by their first letters, before any text is made of them.
    private static func mayAnnounceChecksum(_ name: ArraySlice<UInt8>) -> Bool {
        self.checksumPrefixes.contains { name.hasPrefix($0) }
    }

    private static let checksumPrefixes: [StaticString] = ["x-amz-", "content-", "repr-", "digest", "trailer"]

    /// Evaluates the conditions of an upload, and returns whether it is rejected if another one is complete before it.
    private static func checkPreconditions(_ request: ReceivedRequest, _ record: FileRecord) throws(StorageRejection)
        -> Bool
    {
        guard Preconditions.fieldNames.contains(where: { request.contains($0) }) else { return false }
        let preconditions = Preconditions(
            ifMatch: request.joinedText(of: "if-match"), ifNoneMatch: request.joinedText(of: "if-none-match"),
            ifModifiedSince: nil, ifUnmodifiedSince: request.joinedText(of: "if-unmodified-since"), ifRange: nil)
        if let field = preconditions.failedField(uploading: record.id, uploadedAt: record.seal?.uploadedAt) {
            throw .preconditionFailed(field)
        }
        return preconditions.rejectsRepetition(of: record.id)
    }
}
