import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `GET /v1/files`: a page of an organization's files, newest first.
struct ListFiles: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let query = try Self.decode(try QueryItems(request))
        let page = try await self.services.storage.files.list(query, access: access, now: self.services.clock.now)
        return JSONBody.response(
            .object([
                ("files", .array(page.files.map(FileResource.json))),
                ("next_cursor", .optional(page.nextCursor.map { Base64.encode($0.bytes, alphabet: .urlSafe) })),
            ]))
    }

    static func decode(_ items: QueryItems) throws(APIError) -> FileQuery {
        var errors: [APIError.FieldError] = []
        let limit = Self.value(
            items["limit"], default: FileQuery.defaultLimit,
            {
                DecimalDigits.wholeNumber(of: $0.utf8).map(Int.init).flatMap {
                    FileQuery.limits.contains($0) ? $0 : nil
                }
            }
        ) {
            errors.add("limit", "must be a whole number from 1 to 1000; it is \"\($0)\"")
        }
        let cursor = Self.value(
            items["cursor"], default: nil, { Base64.decode($0, alphabet: .urlSafe).flatMap { FileID(bytes: $0) } }
        ) { _ in
            errors.add("cursor", "must be the next_cursor of an earlier page")
        }
        let status = Self.value(items["status"], default: nil, { FileQuery.Status(rawValue: $0) }) {
            errors.add("status", "must be pending or ready; it is \"\($0)\"")
        }
        let mediaRange = Self.value(items["content_type"], default: nil, { MediaRange($0) }) {
            errors.add("content_type", "must be like image/png or image/*; it is \"\($0)\"")
        }
        guard errors.isEmpty, let limit else { throw .invalid(errors) }
        return FileQuery(limit: limit, cursor: cursor, status: status, mediaRange: mediaRange)
    }

    /// Returns a parameter's value, the default without one; a malformed one is reported.
    private static func value<Value>(
        _ text: String?, default defaultValue: Value?, _ parse: (String) -> Value?, _ report: (String) -> Void
    ) -> Value? {
        guard let text else { return defaultValue }
        let value = parse(text)
        if value == nil { report(String(text.excerpt)) }
        return value
    }
}
