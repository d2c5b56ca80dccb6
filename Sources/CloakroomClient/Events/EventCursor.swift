/// A place in the log of events, as the service names it: opaque, and of one reader's events.
public struct EventCursor: Hashable, Sendable, CustomStringConvertible {
    /// The rule, for messages.
    public static let rule = "1 to 256 printable ASCII characters without a space, and not \"now\""

    /// The cursor as the service writes it.
    public let description: String

    /// Reads a cursor by the ``rule``; anything else gives `nil`.
    public init?(_ text: some StringProtocol) {
        guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text != "now"
        else { return nil }
        self.description = String(text)
    }
}

/// Where reading events begins.
public enum EventStart: Hashable, Sendable {
    /// With the oldest event that the service has kept.
    case oldest
    /// With the next event that happens.
    case now
    /// With the event after a cursor. Where events after it may be missing, the service answers `EVENT_CURSOR_GONE`.
    case cursor(EventCursor)

    /// The value of the parameter `after`, which a request for the oldest events does not have.
    var parameter: String? {
        switch self {
        case .oldest: nil
        case .now: "now"
        case .cursor(let cursor): cursor.description
        }
    }
}
