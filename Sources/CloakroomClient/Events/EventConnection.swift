import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One response of `text/event-stream`, read in a task of its own, as far as it is asked for.
///
/// The task ends, and closes the connection, when the response ends or fails, when the connection is discarded, and when the
/// task that waits for an item is cancelled.
struct EventConnection {
    /// What there is to read.
    enum Item: Sendable {
        /// The service has accepted the request.
        case open
        /// The stream says something.
        case streamed(EventStreamParser.Item)
    }

    private static let mediaType = "text/event-stream"

    private let demand: AsyncStream<Void>.Continuation
    private var items: AsyncStream<Result<Item, CloakroomError>>.Iterator

    /// Prepares a connection; the first item that is asked for opens it.
    init(_ client: CloakroomClient, _ request: HTTPClientRequest, silenceLimit: Duration) {
        // An item is made for each demand, and a demand for each item that is waited for: none of the two queues grows.
        let (demands, demand) = AsyncStream.makeStream(of: Void.self)
        let (items, continuation) = AsyncStream.makeStream(of: Result<Item, CloakroomError>.self)
        let task = Task {
            let watch = SilenceWatch(limit: silenceLimit)
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    group.addTask {
                        try await Self.read(client, request, demands, watch) { continuation.yield(.success($0)) }
                    }
                    group.addTask { try await watch.run() }
                    _ = try await group.next()
                }
            } catch is EventStreamParser.TooLong {
                let limit = "\(EventStreamParser.maximumLength) bytes"
                continuation.yield(.failure(.invalidResponse("an event is longer than \(limit)")))
            } catch {
                continuation.yield(.failure(CloakroomClient.failure(error)))
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        self.demand = demand
        self.items = items.makeAsyncIterator()
    }

    /// Returns the next item, or `nil` where the service has ended the response.
    mutating func next() async throws(CloakroomError) -> Item? {
        self.demand.yield()
        guard let item = await self.items.next() else {
            guard !Task.isCancelled else { throw .cancelled }
            return nil
        }
        return try item.get()
    }

    private static func read(
        _ client: CloakroomClient, _ request: HTTPClientRequest, _ demands: AsyncStream<Void>, _ watch: SilenceWatch,
        _ yield: (Item) -> Void
    ) async throws {
        var demands = demands.makeAsyncIterator()
        guard await demands.next() != nil else { return }
        watch.beginWaiting()
        let response = try await client.execute(request)
        watch.endWaiting()
        guard response.status == .ok, Self.isStream(response) else {
            throw CloakroomError.invalidResponse("it is not a stream of events")
        }
        yield(.open)
        var parts = response.body.makeAsyncIterator()
        var part = ByteBuffer()
        var parser = EventStreamParser()
        while await demands.next() != nil {
            while true {
                if let item = try parser.next(from: &part) {
                    yield(.streamed(item))
                    break
                }
                watch.beginWaiting()
                guard let next = try await parts.next() else { return }
                watch.endWaiting()
                part = next
            }
        }
    }

    private static func isStream(_ response: HTTPClientResponse) -> Bool {
        let type = response.headers.first(name: "Content-Type")?.lowercased() ?? ""
        return type == Self.mediaType || type.hasPrefix("\(Self.mediaType);")
    }
}

extension CloakroomClient {
    /// A request for the stream of events.
    func eventStreamRequest(_ cursor: EventCursor, types: [FileEvent.Kind], isResumed: Bool) -> HTTPClientRequest {
        var fields = [("Accept", "text/event-stream"), ("Cache-Control", "no-store")]
        if isResumed { fields.append(("Last-Event-ID", cursor.description)) }
        // The query says it, too: a proxy may know nothing of the field.
        return self.request(.GET, self.eventPath(after: .cursor(cursor), types: types), fields: fields)
    }
}
