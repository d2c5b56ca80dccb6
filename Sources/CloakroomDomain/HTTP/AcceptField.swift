/// What a client accepts in response (`Accept`, RFC 9110 §12.5.1).
public struct AcceptField: Sendable {
    private var json: Double?
    private var eventStream: Double?
    private var anything: Double?

    /// Reads the values of every field line.
    ///
    /// A range that is malformed, or whose weight is, is ignored.
    ///
    /// - Parameter values: The values, in the order of arrival.
    public init(_ values: [String]) {
        for value in values {
            for range in value.split(separator: ",") { self.take(range) }
        }
    }

    private mutating func take(_ range: Substring) {
        let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        let weights = parts.dropFirst().filter { $0.hasPrefix("q=") }
        let weight = weights.first.map { Double($0.dropFirst(2)) } ?? 1
        guard let name = parts.first, let weight, (0...1).contains(weight) else { return }
        switch name {
        case "application/json": self.json = max(self.json ?? 0, weight)
        case "text/event-stream": self.eventStream = max(self.eventStream ?? 0, weight)
        case "*/*": self.anything = max(self.anything ?? 0, weight)
        default: break
        }
    }

    /// Whether the client accepts JSON by its exact name.
    public var namesJSON: Bool { (self.json ?? 0) > 0 }

    /// Whether the client asks for `text/event-stream` by its exact name, and not for JSON rather.
    public var prefersEventStream: Bool {
        guard let eventStream, eventStream > 0 else { return false }
        return eventStream >= (self.json ?? 0)
    }

    /// Whether the client asks for JSON by its exact name, and does not take anything else just as well.
    ///
    /// `application/json, text/plain, */*`, which axios sends with every request, asks for anything.
    public var prefersJSON: Bool {
        guard let json, json > 0 else { return false }
        return json > (self.anything ?? 0)
    }
}
