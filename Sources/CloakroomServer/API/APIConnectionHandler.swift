import CloakroomDomain
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// What Hummingbird leaves open on a connection: `100 Continue`, and bodies that are not to be read.
///
/// A response that goes out before its request's body has arrived ends the connection, once the rest of the body has been
/// read and dropped, within limits: a client that still sends hears no response from a connection that is reset. So does
/// the response to a connection over the limit of its address, of which the framework sees no request. And the framework
/// checks neither whether a client reads its response nor how fast it sends a body: slow clients are closed here.
final class APIConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler, TimedConnection {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Asks for `100 Continue`.
    struct ContinueEvent: Sendable {}

    /// Hands over the permit that a request has among those of its key, to be released when the client stops reading.
    struct HoldingEvent: Sendable {
        let permit: ConcurrencyLimiter<APIKeyID>.Permit
    }

    /// Asks for the trailers of the request that is being answered, whose body has been read.
    struct TrailersEvent: Sendable {
        let trailers = NIOLockedValueBox<HTTPFields?>(nil)
    }

    /// What all connections of the API share.
    struct Environment: Sendable {
        /// The API's connections, looked at once a second.
        let groups: ConnectionGroups
        /// Counts them.
        let connections: ConnectionMeter
        /// The most of them; further ones are closed at once.
        let maximumConnections: Int
        /// The connections that wait for slow clients.
        let expendable: ExpendableConnections
        /// How long a client may take nothing of a download, in seconds.
        let downloadStallSeconds: Int
        /// The most bytes of a rejected request's body that are read and dropped.
        let maximumDrainedBytes: Int64
        /// Counts the connections of each client address; `nil` for any number.
        let limiter: ConnectionLimiter?
        /// `nil`: requests are not logged.
        let accessLog: AccessLog?
    }

    /// How long the client may take to read the last answer.
    static let lingering = TimeAmount.seconds(2)

    var progress = APIConnectionProgress()
    /// Whether bytes of the client would be taken: the framework reads no further while it has enough to do.
    private var isReading = false
    var isLastResponse = false
    /// Whether a part of an answer has been written, and its end has not.
    var isResponding = false
    /// The line of the access log, of the request that is being answered.
    var access: AccessEntry?
    /// How many bytes of a body have arrived for each request that has not been answered; counted for the access log.
    var bodyLengths: [Int] = []
    /// Whether the whole of the last answer has been written; whatever the framework writes then is dropped.
    private var hasWrittenLastResponse = false
    var isClosing = false
    /// Whether the server is shutting down.
    private(set) var isQuiescing = false
    /// What was wrong with the request, where the parser could not read it.
    private(set) var parserError: HTTPParserError?
    /// The same, where the parser took the head and its guard did not.
    private(set) var headError: RequestHeadError?
    /// The trailers of the requests that have arrived and are not answered, the oldest first.
    private var trailers: [HTTPFields?] = []
    /// The rest of a rejected request's body, which is dropped.
    var drain: APIDrain?
    /// The entry among the API's expendable connections while the client has stopped reading.
    var stall: ExpendableConnections.Entry?
    /// The permit that the request has among those of its key.
    private var heldPermit: ConcurrencyLimiter<APIKeyID>.Permit?
    private(set) var context: ChannelHandlerContext?
    private var group: ConnectionGroup?
    let environment: Environment
    /// The connection's permit among those of its address, where these are limited.
    private var permit: ConnectionLimiter.Permit?
    /// What the first request is answered with, whatever it asks for, on a connection that is one too many.
    private(set) var rejection: APIError?

    init(environment: Environment) {
        self.environment = environment
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(APIRequestGuard(), position: .after(parser))
        } catch {
            context.close(promise: nil)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        let group = self.environment.groups.group(of: context.eventLoop).value
        group.add(self)
        self.context = context
        self.group = group
        self.progress.opened(group.tick)
        let isKept = self.isWithinMaximum() && self.takePermit(context)
        context.fireChannelActive()
        if !isKept { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.group?.remove(self)
        self.group = nil
        self.context = nil
        self.permit?.release()
        self.permit = nil
        self.heldPermit = nil
        self.reportReceived()
        self.access = nil
        self.endStall()
        if let drain { self.environment.expendable.remove(drain.entry) }
        self.environment.connections.closed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        guard self.drain == nil else { return self.drop(part, context) }
        if let rejection { return self.reject(rejection, part, context) }
        guard !self.isLastResponse else { return self.follow(part) }
        switch part {
        case .head(let request):
            let expectsContinue = request.headerFields[.expect]?.lowercased() == "100-continue"
            self.progress.requestBegan(self.tick, expectsContinue: expectsContinue)
            if self.environment.accessLog != nil { self.bodyLengths.append(0) }
        case .body(let bytes):
            self.progress.bodyArrived(bytes.readableBytes)
            if let last = self.bodyLengths.indices.last { self.bodyLengths[last] += bytes.readableBytes }
        case .end(let trailers):
            self.progress.requestArrived()
            self.trailers.append(trailers)
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReading = false
        if self.drain != nil { context.read() }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError { self.parserError = error }
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? APIRequestGuard.RejectionEvent {
            self.headError = event.error
            return
        }
        if event is ChannelShouldQuiesceEvent {
            self.isQuiescing = true
            // A client that does not read would hold up the end for as long as that may take.
            if self.stall != nil { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        guard !self.isClosing, self.drain == nil else { return }
        self.isReading = true
        context.read()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if let event = event as? HoldingEvent {
            self.heldPermit = event.permit
            promise?.succeed()
            return
        }
        if let event = event as? AccessEvent {
            self.access = event.access
            promise?.succeed()
            return
        }
        if let event = event as? TrailersEvent {
            event.trailers.withLockedValue { $0 = self.trailers.first ?? nil }
            promise?.succeed()
            return
        }
        guard event is ContinueEvent else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        self.progress.bodyDemanded(self.tick)
        let part = HTTPResponsePart.head(HTTPResponse(status: .continue))
        context.writeAndFlush(self.wrapOutboundOut(part), promise: promise)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !self.hasWrittenLastResponse else {
            promise?.succeed()
            return
        }
        let part = self.unwrapOutboundIn(data)
        self.note(part)
        switch part {
        case .head(let head) where self.parserError != nil && !self.isLastResponse && Self.isFrameworks(head):
            // It has no body; what follows of it is dropped.
            self.rejectMalformed(context, promise)
        case .head(var head) where !self.progress.isResponseDue && head.status.kind != .informational:
            self.isLastResponse = true
            head.headerFields[.connection] = "close"
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .end where self.isLastResponse:
            self.hasWrittenLastResponse = true
            let promise = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            promise.futureResult.whenComplete { _ in
                let (handler, context) = bound.value
                handler.closeAfterResponse(context)
            }
            context.writeAndFlush(data, promise: promise)
        case .end:
            self.heldPermit = nil
            if !self.trailers.isEmpty { self.trailers.removeFirst() }
            self.progress.responded(self.tick)
            context.write(data, promise: promise)
        case .body(let bytes):
            self.progress.responseGrew(by: bytes.readableBytes)
            context.write(data, promise: promise)
        case .head:
            context.write(data, promise: promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // The framework ends its side after a response; what is still read of the request comes first.
        guard mode == .output, self.isLastResponse, !self.isClosing else {
            return context.close(mode: mode, promise: promise)
        }
        promise?.succeed()
    }

    // MARK: Slow clients

    var tick: Int { self.group?.tick ?? 0 }

    func secondPassed() {
        // The end of a connection that is closing has a time of its own.
        guard let context, !self.isClosing else { return }
        if let drain { return self.drainingSecondPassed(drain, context) }
        let buffered = context.bufferedBytes
        // A body that is not to be read is not waited for.
        let verdict = self.progress.secondPassed(
            self.tick, waiting: buffered > 0 ? buffered + context.unacknowledgedBytes : nil,
            isReading: self.isReading && !self.isLastResponse)
        switch verdict {
        case .kept:
            self.endStall()
        case .takesTooSlowly where self.mayStall(context, bufferedBytes: buffered):
            // Others with the same key need not wait for a client that has stopped reading.
            self.heldPermit?.release()
        case .idle, .sendsTooSlowly, .takesTooSlowly:
            // A write or read under way fails, which ends its request.
            context.close(promise: nil)
        }
    }

    func cutOff() { self.context?.close(promise: nil) }

    // MARK: The most connections

    /// Counts the connection; `false` where the API has as many as it may.
    private func isWithinMaximum() -> Bool {
        let openConnections = self.environment.connections.opened()
        self.environment.expendable.makeRoom(openConnections: openConnections)
        guard openConnections > self.environment.maximumConnections else { return true }
        self.environment.connections.rejected(.origin)
        return false
    }

    /// Takes a permit among the connections of the client's address, where these are limited; `false` where the
    /// connection is to be closed at once.
    private func takePermit(_ context: ChannelHandlerContext) -> Bool {
        guard let limiter = self.environment.limiter else { return true }
        switch limiter.admit(context.channel.remoteAddress) {
        case .admitted(let permit):
            self.permit = permit
            return true
        case .rejected(let permit):
            self.permit = permit
            self.rejection = .connectionsLimited(limiter.limit)
            self.environment.connections.rejected(.address)
            // A request that is to be refused is not waited for as long as others.
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) {
                if !self.isClosing { context.close(promise: nil) }
            }
            return true
        case .dropped:
            self.environment.connections.rejected(.address)
            return false
        }
    }
}
