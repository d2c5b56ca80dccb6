import CloakroomDomain
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// What accompanies a request through the API.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The id that the response and the log carry.
    let requestID: String
    /// How the key stands with its limit, for every response to it.
    let rateLimitState = NIOLockedValueBox<RateLimiter.RateLimitState?>(nil)
    /// The request's line of the access log; `nil` where there is none.
    private(set) var access: AccessEntry?
    private let channel: any Channel
    static let requestIDs = RequestIDGenerator()

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.requestID = Self.requestIDs.next().description
        self.channel = source.channel
    }

    /// Begins the request's line of the access log, of which its connection counts the bytes.
    mutating func begin(_ log: AccessLog) {
        let access = AccessEntry(log, .api, requestID: self.requestID, route: "other")
        self.access = access
        self.channel.triggerUserOutboundEvent(APIConnectionHandler.AccessEvent(access: access), promise: nil)
    }

    /// Tells a client that waits for it to send its body (RFC 9110 §10.1.1).
    func sendContinue(to request: Request) {
        guard request.headers[.expect]?.lowercased() == "100-continue" else { return }
        self.channel.triggerUserOutboundEvent(APIConnectionHandler.ContinueEvent(), promise: nil)
    }

    /// Returns what tells whether the client has left, or the server is about to stop.
    func departure() -> Departure {
        let departure = Departure()
        let noted = self.channel.eventLoop.makePromise(of: Void.self)
        noted.futureResult.whenFailure { _ in departure.leave() }
        self.channel.triggerUserOutboundEvent(
            APIConnectionHandler.DepartureEvent(departure: departure), promise: noted)
        return departure
    }

    /// Returns the trailers of the request, whose body has been read.
    func trailers() async throws -> HTTPFields {
        let event = APIConnectionHandler.TrailersEvent()
        try await self.channel.triggerUserOutboundEvent(event).get()
        return event.trailers.withLockedValue { $0 } ?? [:]
    }

    /// Lets the connection release a request's permit among those of its key when the client stops reading.
    func hold(_ permit: ConcurrencyLimiter<APIKeyID>.Permit) {
        self.channel.triggerUserOutboundEvent(APIConnectionHandler.HoldingEvent(permit: permit), promise: nil)
    }
}
