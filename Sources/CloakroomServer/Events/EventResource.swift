import CloakroomDomain
import NIOCore

/// An event as the API shows it.
enum EventResource {
    static func json(_ event: EventRecord) -> JSONOutput {
        var data: [(name: String, value: JSONOutput)] = [
            ("event_id", .string(event.id.description)), ("organization_id", .string(event.organization.description)),
            ("file", FileResource.json(event.file)),
        ]
        if let reason = event.reason { data.append(("reason", .string(reason.rawValue))) }
        return .object([
            ("type", .string(event.type.rawValue)), ("timestamp", .string(event.occurredAt.rfc3339)),
            ("data", .object(data)),
        ])
    }

    /// Appends an event as `text/event-stream` has it (WHATWG HTML §9.2).
    static func writeStreamed(_ event: EventRecord, cursor: String, into buffer: inout ByteBuffer) {
        buffer.writeString("id: \(cursor)\nevent: \(event.type.rawValue)\ndata: ")
        // JSON without line breaks.
        Self.json(event).write(into: &buffer)
        buffer.writeStaticString("\n\n")
    }
}
