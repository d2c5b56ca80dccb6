import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/files/resolve`: turns a gateway's file references into URLs, all of them or none.
struct ResolveFiles: Sendable {
    /// What is asked for, checked.
    struct Query: Hashable, Sendable {
        let organization: OrganizationID
        /// The references as they were sent, each once; what is no file id is a file that nobody has.
        let references: [String]
        /// The types that will do; `nil` for all.
        let accepted: [MediaRange]?
    }

    /// The most references of one request.
    static let maximumCount = JSONStrings.maximumCount

    let services: APIServices

    func callAsFunction(
        _ gateway: GatewayAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        context.sendContinue(to: request)
        let query = try Self.decode(try await JSONBody.object(request))
        let access = try GatewayFields.access(gateway, to: query.organization)
        context.access?.note(access.organization)
        let now = self.services.clock.now
        let records = try await self.services.storage.files.findReady(
            query.references.compactMap { FileID($0) }, access: access, now: now)
        try Self.check(records, query)
        return self.response(records, now: now)
    }

    static func decode(_ body: RequestDocument) throws(APIError) -> Query {
        var errors: [APIError.FieldError] = []
        let organization = GatewayFields.organization(body.value("organization_id"), &errors)
        let references = JSONStrings.read(body.value("file_ids"), "file_ids", 1...Self.maximumCount, &errors)
        let accepted = body.value("accept").map { GatewayFields.mediaRanges($0, "accept", &errors) }
        guard errors.isEmpty, let organization, let references else { throw .invalid(errors) }
        // By their bytes: two strings that Unicode holds for equal are two references.
        var seen: Set<[UInt8]> = []
        return Query(
            organization: organization, references: references.filter { seen.insert(Array($0.utf8)).inserted },
            accepted: accepted)
    }

    /// Passes if every reference is a ready file of an accepted type.
    private static func check(_ records: [FileRecord], _ query: Query) throws(APIError) {
        let found = Set(records.map(\.id))
        let missing = query.references.filter { reference in !(FileID(reference).map { found.contains($0) } ?? false) }
        guard missing.isEmpty else { throw .filesNotFound(missing.map { .init(reference: $0) }) }
        guard let accepted = query.accepted else { return }
        let unsupported = records.filter { record in !accepted.contains { $0.contains(record.declaration.mediaType) } }
        guard unsupported.isEmpty else {
            throw .formatUnsupported(
                unsupported.map { .init(file: $0.id.description, mediaType: $0.declaration.mediaType.text) },
                accepted: accepted.map(\.description))
        }
    }

    private func response(_ records: [FileRecord], now: Timestamp) -> Response {
        let presigner = self.services.presigner
        let files = records.map { record in
            (record.id.description, ResolvedFile.json(record, presigner.download(record, now: now)))
        }
        return JSONBody.response(.object([("files", .object(files))]))
    }
}

/// A file that a reference was resolved to.
enum ResolvedFile {
    static func json(_ record: FileRecord, _ url: PresignedURL, pointers: [JSONPointer]? = nil) -> JSONOutput {
        .object(
            [
                ("url", .string(url.url.reveal())), ("expires_at", .string(url.expiresAt.rfc3339)),
                ("filename", .string(record.declaration.filename.text)),
                ("content_type", .string(record.declaration.mediaType.text)),
                ("size_bytes", .integer(record.declaration.size.bytes)),
                ("sha256", .optional(record.seal?.sha256.hexadecimal)),
            ] + (pointers.map { [("pointers", .pointers($0))] } ?? []))
    }
}
