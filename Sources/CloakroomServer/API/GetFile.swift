import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `GET /v1/files/{id}`: what is known of a file.
struct GetFile: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        let seconds = try Self.wait(try QueryItems(request))
        var record = try await self.services.storage.files.find(id, access: access, now: self.services.clock.now)
        if record.seal == nil, seconds > 0, request.method != .head {
            record = try await self.waitUntilReady(record, access, seconds, request, context)
        }
        return JSONBody.response(FileResource.json(record))
    }

    private static func wait(_ items: QueryItems) throws(APIError) -> Int64 {
        var errors: [APIError.FieldError] = []
        let seconds = EventsRequest.wait(items, &errors)
        guard errors.isEmpty else { throw .invalid(errors) }
        return seconds
    }

    /// Returns the file once it is ready, or as it is when the time is over.
    private func waitUntilReady(
        _ record: FileRecord, _ access: OrganizationAccess, _ seconds: Int64, _ request: Request, _ context: APIContext
    ) async throws -> FileRecord {
        let (events, files) = (self.services.storage.events, self.services.storage.files)
        let end = ContinuousClock.now + .seconds(seconds)
        let wait = try EventWait(self.services, .events(access.organization), request, context)
        var query = EventQuery(
            after: try await events.end(), organization: access.organization, filter: .all, limit: 1, file: record.id)
        while true {
            // After the place in the log: nothing happens between unseen.
            let found = try await files.find(record.id, access: access, now: self.services.clock.now)
            guard found.seal == nil else { return found }
            let page = try await wait.page(query, until: end)
            guard !page.events.isEmpty else { return found }
            query.after = page.end
        }
    }
}

/// The `{id}` of a path.
enum FilePath {
    /// Returns the file that a path names; one that no file can have is as unknown as any other.
    static func id(_ context: APIContext) throws(APIError) -> FileID {
        guard let text = context.parameters.get("id"), let id = FileID(text) else { throw .fileNotFound }
        return id
    }
}
