import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird
import NIOCore

/// Events as they come, as `text/event-stream` (WHATWG HTML §9.2).
struct EventStream: Sendable {
    /// How many events are written at once.
    static let pageLength = 100
    /// After so long a client connects again, so that no connection lives for ever.
    static let lifetime = Duration.seconds(3_600)
    /// A client, and proxies between, hear something this often.
    private static let heartbeat = Duration.seconds(15)
    private static let bufferingField = HTTPField.Name("X-Accel-Buffering")

    let services: APIServices
    let place: Events.Place
    let query: EventQuery
    let wait: EventWait

    static func response(_ body: ResponseBody) -> Response {
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        // A proxy would keep events back (nginx, `proxy_buffering`).
        if let name = Self.bufferingField { headers[name] = "no" }
        return Response(status: .ok, headers: headers, body: body)
    }

    func response() -> Response {
        Self.response(
            ResponseBody { writer in
                defer { self.wait.end() }
                try await self.write(to: &writer)
                try await writer.finish(nil)
            })
    }

    private func write(to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(ByteBuffer(string: "retry: 3000\n: connected\n\n"))
        let end = ContinuousClock.now + Self.lifetime
        var query = self.query
        // What is in the log already.
        var page = try await self.services.storage.events.page(query)
        while true {
            // The client connects again, and hears that events are gone.
            guard !page.isBroken else { return }
            if !page.events.isEmpty { try await writer.write(self.encode(page.events)) }
            let isAtEnd = page.isWhole
            query.after = page.end
            let now = ContinuousClock.now
            guard now < end, !self.wait.hasLeft, await self.wait.isAccepted() else { return }
            guard isAtEnd else {
                page = try await self.services.storage.events.page(query)
                continue
            }
            page = try await self.wait.page(query, until: min(end, now + Self.heartbeat))
            if page.events.isEmpty {
                // A place without an event: the client goes on from there, even if nothing has happened for a week.
                try await writer.write(ByteBuffer(string: ": none\nid: \(self.place.cursor(at: page.end))\n\n"))
            }
        }
    }

    private func encode(_ events: [EventRecord]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for event in events {
            EventResource.writeStreamed(event, cursor: self.place.cursor(at: event.position), into: &buffer)
        }
        return buffer
    }
}
