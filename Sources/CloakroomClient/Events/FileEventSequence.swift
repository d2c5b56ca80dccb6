import NIOCore

/// Events as they happen, without an end: it takes an error, a cancellation, or leaving the loop.
///
/// Until the first connection is made, attempts are made as the client's ``RetryPolicy`` says. After that a connection that
/// breaks, is silent for 45 seconds or is ended by the service is replaced, with the delays of the policy, at least the one
/// that the service asks for, and however many attempts that takes; a policy of one attempt makes no other.
public struct FileEventSequence: AsyncSequence, Sendable {
    /// An event, and the cursor to continue after it.
    public typealias Element = (event: FileEvent, cursor: EventCursor)

    /// The service sends something each 15 seconds.
    static let silenceLimit = Duration.seconds(45)

    let client: CloakroomClient
    let start: EventStart
    let types: [FileEvent.Kind]
    var silenceLimit = Self.silenceLimit

    /// Starts at the beginning; nothing is requested before the first event is asked for.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(sequence: self)
    }

    /// Iterates over the events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let sequence: FileEventSequence
        private var connection: EventConnection?
        private var backoff: EventBackoff
        private var isEnded = false
        /// Where to continue after the events that were returned; `nil` where nothing has been requested yet.
        ///
        /// It also moves past events that are not among the types that were asked for.
        public private(set) var cursor: EventCursor?

        fileprivate init(sequence: FileEventSequence) {
            self.sequence = sequence
            self.backoff = EventBackoff(policy: sequence.client.retryPolicy)
            if case .cursor(let cursor) = sequence.start { self.cursor = cursor }
        }

        /// Waits for the next event; `nil` only after an error.
        public mutating func next() async throws(CloakroomError) -> Element? {
            guard !self.isEnded else { return nil }
            do throws(CloakroomError) {
                while true {
                    guard let cursor = self.cursor else {
                        if let first = try await self.begin() { return first }
                        continue
                    }
                    do throws(CloakroomError) {
                        return try await self.read(after: cursor)
                    } catch {
                        self.connection = nil
                        guard let delay = self.backoff.delay(after: error) else { throw error }
                        do { try await Task.sleep(for: delay) } catch { throw .cancelled }
                    }
                }
            } catch {
                self.isEnded = true
                self.connection = nil
                throw error
            }
        }

        /// Asks for a cursor to begin with; otherwise a connection that breaks at once could not be continued.
        private mutating func begin() async throws(CloakroomError) -> Element? {
            let page = try await self.sequence.client.eventPage(
                after: self.sequence.start, types: self.sequence.types, limit: 1)
            self.cursor = page.nextCursor
            return page.events.first.map { ($0, page.nextCursor) }
        }

        private mutating func read(after cursor: EventCursor) async throws(CloakroomError) -> Element {
            if self.connection == nil {
                let request = self.sequence.client.eventStreamRequest(
                    cursor, types: self.sequence.types, isResumed: self.backoff.hasConnected)
                self.connection = EventConnection(
                    self.sequence.client.waiting, request, silenceLimit: self.sequence.silenceLimit)
            }
            while let item = try await self.connection?.next() {
                switch item {
                case .open: self.backoff.connect()
                case .streamed(.retry(let delay)): self.backoff.retryDelay = delay
                case .streamed(.place(let id)):
                    self.backoff.progress()
                    self.cursor = EventCursor(id) ?? self.cursor
                case .streamed(.event(_, let data, let id)):
                    self.backoff.progress()
                    let document = try CloakroomClient.decode(FileEventDocument.self, ByteBuffer(string: data))
                    guard let cursor = EventCursor(id) else { throw .invalidResponse("an event has no cursor") }
                    self.cursor = cursor
                    return (try document.event(), cursor)
                }
            }
            throw .connection("the service ended the stream")
        }
    }
}
