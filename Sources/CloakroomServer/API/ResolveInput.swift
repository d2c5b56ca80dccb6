import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/inputs/resolve`: a model's input with URLs in the place of its file references, all of them or none.
struct ResolveInput: Sendable {
    /// What is asked for, checked.
    struct Query: Sendable {
        let organization: OrganizationID
        let input: InputDocument
        let accept: AcceptedTypes
    }

    /// The longest input of a response, in bytes: a reference that is repeated is a URL each time.
    private static let maximumLength = 16 * 1_024 * 1_024

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
            query.input.references.map(\.id), access: access, now: now)
        let files = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        try Self.check(query, files)
        return try self.response(query.input, files, now: now)
    }

    // MARK: The request

    static func decode(_ body: RequestDocument) throws(APIError) -> Query {
        var errors: [APIError.FieldError] = []
        let organization = GatewayFields.organization(body.value("organization_id"), &errors)
        let accept = AcceptedTypes(body.value("accept"), &errors)
        let input = Self.input(body, accept, &errors)
        guard errors.isEmpty, let organization, let input else { throw .invalid(errors) }
        return Query(organization: organization, input: input, accept: accept)
    }

    private static func input(
        _ body: RequestDocument, _ accept: AcceptedTypes, _ errors: inout [APIError.FieldError]
    ) -> InputDocument? {
        do throws(InputDocument.Failure) {
            if let input = try body.input("input", referencesAt: accept.pointers) { return input }
            errors.add("input", "is required; it may be any JSON")
        } catch {
            switch error {
            case .tooDeep(let limit):
                errors.add("input", "must not nest arrays and objects more than \(limit) deep")
            case .unfitStrings(let strings):
                errors += strings.map { .init(field: "input", reason: Self.reason($0.cause), pointer: $0.pointer) }
            case .tooManyReferences(let limit):
                errors.add("input", "must not refer to more than \(limit) files")
            case .pointersTooLong(let limit):
                errors.add("input", "must have shorter names; its pointers exceed \(limit) bytes")
            }
        }
        return nil
    }

    /// The string is not repeated: it can be a presigned URL, or a text of any length.
    private static func reason(_ cause: InputDocument.UnfitString.Cause) -> String {
        switch cause {
        case .rawURL: "must not be a URL; upload the file and send its file_ reference"
        case .noReference:
            "must be a file reference, file_ and a lower-case UUID, because accept has this place; it is another string"
        }
    }

    // MARK: The files

    /// Passes if every reference is a ready file of a type that is accepted where it stands.
    private static func check(_ query: Query, _ files: [FileID: FileRecord]) throws(APIError) {
        let missing = query.input.references.filter { files[$0.id] == nil }
        guard missing.isEmpty else {
            throw .filesNotFound(missing.map { .init(reference: $0.id.description, pointers: $0.pointers) })
        }
        let unsupported = query.input.references.flatMap { reference -> [APIError.UnsupportedFile] in
            guard let type = files[reference.id]?.declaration.mediaType else { return [] }
            return query.accept.rejections(of: type, at: reference.pointers).map { rejection in
                .init(
                    file: reference.id.description, mediaType: type.text, pointers: rejection.pointers,
                    accepted: rejection.accepted.map(\.description))
            }
        }
        guard unsupported.isEmpty else { throw .formatUnsupported(unsupported, accepted: nil) }
    }

    private func response(
        _ input: InputDocument, _ files: [FileID: FileRecord], now: Timestamp
    ) throws(APIError) -> Response {
        let presigner = self.services.presigner
        var urls: [FileID: String] = [:]
        let resolved = input.references.compactMap { reference -> (name: String, value: JSONOutput)? in
            guard let record = files[reference.id] else { return nil }
            let url = presigner.download(record, now: now)
            urls[reference.id] = url.url.reveal()
            return (reference.id.description, ResolvedFile.json(record, url, pointers: reference.pointers))
        }
        guard input.length(replacingReferencesBy: urls) <= Self.maximumLength else {
            throw .invalid("input", "must have at most \(Self.maximumLength) bytes with URLs in it")
        }
        return JSONBody.response(
            .object([("input", .text(input.replacingReferences(by: urls))), ("files", .object(resolved))]))
    }
}
