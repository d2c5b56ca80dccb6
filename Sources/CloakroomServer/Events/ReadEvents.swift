import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /v1/events`: a page of the log of events, at once or once there is something, or the events as they come.
struct ReadEvents: Sendable {
    let services: APIServices

    func callAsFunction(_ access: EventAccess, _ request: Request, _ context: APIContext) async throws -> Response {
        let input = try EventsRequest(request)
        let place = try await self.place(input.beginning, access)
        var query = EventQuery(
            after: place.position, organization: access.organization, filter: input.filter, limit: input.limit)
        if input.isStream {
            guard request.method != .head else { return EventStream.response(.init()) }
            query.limit = EventStream.pageLength
            let wait = try EventWait(self.services, .events(access.organization), request, context)
            return EventStream(services: self.services, place: place, query: query, wait: wait).response()
        }
        let seconds = request.method == .head ? 0 : input.waitSeconds
        let page = try await self.page(query, seconds, request, context)
        // Dropped since the cursor was read.
        guard !page.isBroken else { throw APIError.eventCursorGone }
        return JSONBody.response(
            .object([
                ("events", .array(page.events.map(EventResource.json))),
                ("next_cursor", .string(place.cursor(at: page.end))), ("has_more", .boolean(!page.isWhole)),
            ]))
    }

    private func place(_ beginning: Events.Beginning, _ access: EventAccess) async throws(APIError) -> Events.Place {
        do throws(Events.CursorRejection) {
            return try await self.services.storage.events.place(beginning, of: access)
        } catch {
            switch error {
            case .malformed: throw .invalid("after", "must be a cursor of this API key's events, or now")
            case .gone: throw .eventCursorGone
            case .failed(let error): throw APIError(error)
            }
        }
    }

    /// Reads a page; one without events is waited for.
    private func page(
        _ query: EventQuery, _ seconds: Int64, _ request: Request, _ context: APIContext
    ) async throws -> EventPage {
        let page = try await self.services.storage.events.page(query)
        guard page.events.isEmpty, seconds > 0, !page.isBroken else { return page }
        let wait = try EventWait(self.services, .events(query.organization), request, context)
        var query = query
        query.after = page.end
        return try await wait.page(query, until: .now + .seconds(seconds))
    }
}
