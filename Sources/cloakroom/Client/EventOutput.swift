import CloakroomClient
import CloakroomDomain

/// Events as the command prints them: a line of columns, or a line of JSON with the API's names.
enum EventOutput {
    private struct Document: Encodable {
        struct Content: Encodable {
            let eventID: String
            let organizationID: String?
            let file: FileOutput.Document?
            let reason: String?

            private enum CodingKeys: String, CodingKey {
                case file, reason
                case eventID = "event_id"
                case organizationID = "organization_id"
            }
        }

        let type: String
        let timestamp: String
        let data: Content
        let cursor: String?
    }

    /// The document of the API, and the cursor to continue after the event where it is known.
    static func json(_ event: FileEvent, _ cursor: EventCursor?) -> String {
        FileOutput.line(
            Document(
                type: event.type.rawValue, timestamp: event.timestamp.rfc3339,
                data: Document.Content(
                    eventID: event.id, organizationID: event.organizationID?.description,
                    file: event.file.map { FileOutput.document($0) }, reason: event.reason?.rawValue),
                cursor: cursor?.description))
    }

    /// Columns: time, type, file id, name, size in bytes; hyphens where an event has no file.
    static func columns(_ event: FileEvent) -> String {
        let file = event.file.map { file in
            [file.id.description, TerminalText.escape(file.filename.text), "\(file.size)"]
        }
        return ([event.timestamp.rfc3339, TerminalText.escape(event.type.rawValue)] + (file ?? ["-", "-", "-"]))
            .joined(separator: "\t")
    }
}
