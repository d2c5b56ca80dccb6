import CloakroomCrypto
import CloakroomDomain
import CloakroomStorage
import Hummingbird

/// `POST /v1/files/resolve`: turns a gateway's file references into URLs, all of them or none.
struct ResolveFiles: Sendable {
    /// The fields, each of any type until it is checked.
    struct Input: Decodable {
        let organizationID: JSONValue?
        let fileIDs: JSONList?
        let accept: JSONList?

        private enum CodingKeys: String, CodingKey {
            case accept
            case organizationID = "organization_id"
            case fileIDs = "file_ids"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            func value<Value: Decodable>(_ type: Value.Type, _ key: CodingKeys) throws -> Value? {
                container.contains(key) ? try container.decode(type, forKey: key) : nil
            }
            self.organizationID = try value(JSONValue.self, .organizationID)
            self.fileIDs = try value(JSONList.self, .fileIDs)
            self.accept = try value(JSONList.self, .accept)
        }
    }

    /// What is asked for, checked.
    struct Query: Hashable, Sendable {
        let organization: OrganizationID
        /// The references as they were sent, each once; what is no file id is a file that nobody has.
        let references: [String]
        /// The types that will do; `nil` for all.
        let accepted: [MediaRange]?
    }

    /// The most references of one request.
    static let maximumCount = JSONList.maximumCount
    /// The most media types of one request.
    static let maximumAccepted = 100

    let services: APIServices

    func callAsFunction(_ request: Request, _ context: APIContext) async throws -> Response {
        let gateway = try self.services.authenticator.authorizeGateway(.filesRead, request, context)
        context.sendContinue(to: request)
        let query = try Self.decode(try await JSONBody.object(Input.self, request))
        let access = try gateway(query.organization)
        let records = try await self.services.store.readyRecords(
            query.references.compactMap { FileID($0) }, access: access)
        try Self.check(records, query)
        return self.response(records)
    }

    static func decode(_ input: Input) throws(APIError) -> Query {
        var errors: [APIError.FieldError] = []
        let organization = Self.organization(input.organizationID, &errors)
        let references = Self.strings(input.fileIDs, "file_ids", 1...Self.maximumCount, &errors)
        var accepted: [MediaRange]?
        if let accept = input.accept {
            accepted = Self.strings(accept, "accept", 1...Self.maximumAccepted, &errors)?.enumerated()
                .compactMap { Self.mediaRange($1, "accept[\($0)]", &errors) }
        }
        guard errors.isEmpty, let organization, let references else { throw .invalid(errors) }
        // By their bytes: two strings that Unicode holds for equal are two references.
        var seen: Set<[UInt8]> = []
        return Query(
            organization: organization, references: references.filter { seen.insert(Array($0.utf8)).inserted },
            accepted: accepted)
    }

    private static func organization(
        _ value: JSONValue?, _ errors: inout [APIError.FieldError]
    ) -> OrganizationID? {
        let reason: String
        switch value {
        case .none: reason = "is required; it must be \(OrganizationID.rule)"
        case .string(let text):
            if let organization = OrganizationID(text) { return organization }
            reason = "must be \(OrganizationID.rule); it is \"\(text.prefix(64))\""
        case .some(let other): reason = "must be a string; it is \(other.kind)"
        }
        errors.append(.init(field: "organization_id", reason: reason))
        return nil
    }

    private static func strings(
        _ list: JSONList?, _ field: String, _ counts: ClosedRange<Int>, _ errors: inout [APIError.FieldError]
    ) -> [String]? {
        let rule = "\(counts.lowerBound) to \(counts.upperBound) strings"
        switch list {
        case .none: errors.append(.init(field: field, reason: "is required; it must be an array of \(rule)"))
        case .other(let value):
            errors.append(.init(field: field, reason: "must be an array of \(rule); it is \(value.kind)"))
        case .tooMany(let count):
            errors.append(.init(field: field, reason: "must have \(rule); it has \(count)"))
        case .values(let values) where !counts.contains(values.count):
            errors.append(.init(field: field, reason: "must have \(rule); it has \(values.count)"))
        case .values(let values):
            return values.enumerated().compactMap { index, value in
                if case .string(let text) = value { return text }
                errors.append(.init(field: "\(field)[\(index)]", reason: "must be a string; it is \(value.kind)"))
                return nil
            }
        }
        return nil
    }

    private static func mediaRange(
        _ text: String, _ field: String, _ errors: inout [APIError.FieldError]
    ) -> MediaRange? {
        if let range = MediaRange(text) { return range }
        errors.append(
            .init(field: field, reason: "must be like image/png or image/*; it is \"\(text.prefix(64))\""))
        return nil
    }

    /// Passes if every reference is a ready file of an accepted type.
    private static func check(_ records: [FileRecord], _ query: Query) throws(APIError) {
        let found = Set(records.map(\.id))
        let missing = query.references.filter { reference in !(FileID(reference).map { found.contains($0) } ?? false) }
        guard missing.isEmpty else { throw .filesNotFound(missing) }
        guard let accepted = query.accepted else { return }
        let unsupported = records.filter { record in !accepted.contains { $0.contains(record.declaration.mediaType) } }
        guard unsupported.isEmpty else {
            throw .formatUnsupported(
                unsupported.map { .init(file: $0.id.description, mediaType: $0.declaration.mediaType.text) },
                accepted: accepted.map(\.description))
        }
    }

    private func response(_ records: [FileRecord]) -> Response {
        let (minter, now) = (self.services.minter, self.services.clock.now)
        let files = records.map { record in
            (record.id.description, ResolvedFile.json(record, minter.download(record, now: now)))
        }
        return JSONBody.response(.object([("files", .object(files))]))
    }
}

/// A file that a reference was resolved to.
enum ResolvedFile {
    static func json(_ record: FileRecord, _ url: PresignedURL) -> JSONOutput {
        .object([
            ("url", .string(url.url.reveal())), ("expires_at", .string(url.expiresAt.rfc3339)),
            ("filename", .string(record.declaration.filename.text)),
            ("content_type", .string(record.declaration.mediaType.text)),
            ("size_bytes", .integer(record.declaration.size.bytes)),
            ("sha256", .optional(record.seal?.sha256.hexadecimal)),
        ])
    }
}
