import CloakroomDomain
import CloakroomStore
import HTTPTypes
import Hummingbird

/// What `GET /v1/events` is asked for.
struct EventsRequest: Sendable {
    private static let lastEventID = HTTPField.Name("Last-Event-ID")

    /// How long a request may wait, in seconds.
    static let waits: ClosedRange<Int64> = 0...60

    let beginning: Events.Beginning
    let filter: EventFilter
    let limit: Int
    let waitSeconds: Int64
    /// Whether the events are wanted as they come.
    let isStream: Bool

    init(_ request: Request) throws(APIError) {
        let items = try QueryItems(request)
        var errors: [APIError.FieldError] = []
        self.isStream = AcceptField(request.headers[values: .accept]).prefersEventStream
        self.beginning = Self.beginning(request, items, isStream: self.isStream)
        self.filter = Self.filter(items["types"], &errors)
        self.limit = Int(
            Self.number(
                "limit", items["limit"], Int64(Events.limits.lowerBound)...Int64(Events.limits.upperBound),
                default: Int64(Events.defaultLimit), &errors))
        self.waitSeconds = Self.wait(items, &errors)
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// A stream goes on where the client's last one ended, whatever its URL says.
    private static func beginning(_ request: Request, _ items: QueryItems, isStream: Bool) -> Events.Beginning {
        let header = self.lastEventID.flatMap { request.headers[$0] }
        switch (isStream ? header : nil) ?? items["after"] {
        case nil, "": return isStream ? .now : .oldest
        case "now": return .now
        case .some(let cursor): return .cursor(cursor)
        }
    }

    private static func filter(_ text: String?, _ errors: inout [APIError.FieldError]) -> EventFilter {
        guard let text else { return .all }
        do throws(EventFilter.UnknownName) {
            return try EventFilter(names: text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        } catch {
            let allowed = EventFilter.names.joined(separator: ", ")
            errors.add("types", "must be some of \(allowed), separated by commas; one is \"\(error.name.excerpt)\"")
            return .all
        }
    }

    /// Reads how long to wait, in seconds.
    static func wait(_ items: QueryItems, _ errors: inout [APIError.FieldError]) -> Int64 {
        self.number("wait", items["wait"], self.waits, default: 0, &errors)
    }

    private static func number(
        _ field: String, _ text: String?, _ allowed: ClosedRange<Int64>, default defaultValue: Int64,
        _ errors: inout [APIError.FieldError]
    ) -> Int64 {
        guard let text else { return defaultValue }
        if let number = DecimalDigits.wholeNumber(of: text.utf8), allowed.contains(number) { return number }
        errors.add(
            field,
            "must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound); it is \"\(text.excerpt)\"")
        return defaultValue
    }
}
