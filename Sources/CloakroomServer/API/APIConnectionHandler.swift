import HTTPTypes
import Hummingbird
import HummingbirdCore
import Metrics
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// What Hummingbird leaves open on a connection: `100 Continue`, and bodies that are not to be read.
///
/// An answer that goes out before its request's body has arrived ends the connection: the framework would otherwise
/// read the rest to get at the next request, up to 100 MB of it. So does the answer to a connection that is one too
/// many of its address, of which the framework sees no request. And the framework does not look whether a client takes
/// its answer, nor how fast it sends a body: one that does not get on is closed here.
final class APIConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler, TimedConnection {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Asks for `100 Continue`.
    struct ContinueEvent: Sendable {}

    /// How long the client may take to read the last answer.
    private static let lingering = TimeAmount.seconds(2)

    private var progress = APIConnectionProgress()
    /// Whether bytes of the client would be taken: the framework reads no further while it has enough to do.
    private var isReading = false
    private var isLastAnswer = false
    private var isClosing = false
    private var context: ChannelHandlerContext?
    private var group: ConnectionGroup?
    private let groups: ConnectionGroups
    private let connections: ConnectionMeter
    private let maximumConnections: Int
    private let limiter: ConnectionLimiter?
    /// The connection's place among those of its address, where these are limited.
    private var place: ConnectionLimiter.Place?
    /// What the first request is answered with, whatever it asks for, on a connection that is one too many.
    private var refusal: APIError?

    /// - Parameters:
    ///   - groups: The API's connections, looked at once a second.
    ///   - connections: Counts them.
    ///   - maximumConnections: The most of them; further ones are closed at once.
    ///   - limiter: Counts the connections of each client address; `nil` for any number.
    init(
        groups: ConnectionGroups, connections: ConnectionMeter, maximumConnections: Int, limiter: ConnectionLimiter?
    ) {
        self.groups = groups
        self.connections = connections
        self.maximumConnections = maximumConnections
        self.limiter = limiter
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
        let group = self.groups.group(of: context.eventLoop).value
        group.add(self)
        self.context = context
        self.group = group
        self.progress.opened(group.tick)
        let isKept = self.isWithinMaximum() && self.takePlace(context)
        context.fireChannelActive()
        if !isKept { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.group?.remove(self)
        self.group = nil
        self.context = nil
        self.place?.release()
        self.place = nil
        self.connections.closed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        if let refusal { return self.refuse(refusal, part, context) }
        switch part {
        case .head(let request):
            let expectsContinue = request.headerFields[.expect]?.lowercased() == "100-continue"
            self.progress.requestBegan(self.tick, expectsContinue: expectsContinue)
        case .body(let bytes): self.progress.bodyArrived(bytes.readableBytes)
        case .end: self.progress.requestArrived()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReading = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        guard !self.isClosing else { return }
        self.isReading = true
        context.read()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is ContinueEvent else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        self.progress.bodyDemanded(self.tick)
        let part = HTTPResponsePart.head(HTTPResponse(status: .continue))
        context.writeAndFlush(self.wrapOutboundOut(part), promise: promise)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(var head) where !self.progress.isAnswerDue && head.status.kind != .informational:
            self.isLastAnswer = true
            head.headerFields[.connection] = "close"
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .end where self.isLastAnswer:
            let promise = promise ?? context.eventLoop.makePromise()
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            promise.futureResult.whenComplete { _ in
                let (handler, context) = bound.value
                handler.closeAfterAnswer(context)
            }
            context.writeAndFlush(data, promise: promise)
        case .end:
            self.progress.answered(self.tick)
            context.write(data, promise: promise)
        case .body(let bytes):
            self.progress.answerGrew(by: bytes.readableBytes)
            context.write(data, promise: promise)
        case .head:
            context.write(data, promise: promise)
        }
    }

    // MARK: Clients that do not get on

    private var tick: Int { self.group?.tick ?? 0 }

    func secondPassed() {
        // The end of a connection that is closing has a time of its own.
        guard let context, !self.isClosing else { return }
        let buffered = context.bufferedBytes
        // A body that is not to be read is not waited for.
        let verdict = self.progress.secondPassed(
            self.tick, waiting: buffered > 0 ? buffered + context.unacknowledgedBytes : nil,
            isReading: self.isReading && !self.isLastAnswer)
        // Whoever writes or reads for a request is told by the failure of that.
        if verdict != .kept { context.close(promise: nil) }
    }

    func cutOff() { self.context?.close(promise: nil) }

    // MARK: The most connections

    /// Counts the connection; `false` where the API has as many as it may.
    private func isWithinMaximum() -> Bool {
        guard self.connections.opened() > self.maximumConnections else { return true }
        self.connections.refused(.origin)
        return false
    }

    /// Takes a place among the connections of the client's address, where these are limited; `false` where the
    /// connection is to be closed at once.
    private func takePlace(_ context: ChannelHandlerContext) -> Bool {
        guard let limiter else { return true }
        switch limiter.admit(context.channel.remoteAddress) {
        case .admitted(let place):
            self.place = place
            return true
        case .refused(let place):
            self.place = place
            self.refusal = .connectionsLimited(limiter.limit)
            self.connections.refused(.address)
            // A request that is to be refused is not waited for as long as others.
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) {
                if !self.isClosing { context.close(promise: nil) }
            }
            return true
        case .dropped:
            self.connections.refused(.address)
            return false
        }
    }

    /// Answers the first request once its head has arrived, and drops everything else.
    private func refuse(_ refusal: APIError, _ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        guard case .head(let request) = part, !self.isLastAnswer else { return }
        let requestID = APIContext.requestIDs.next().description
        var response = refusal.response(requestID: requestID)
        APIErrorMiddleware.addCommonFields(to: &response.headers, requestID: requestID)
        var body = ByteBuffer()
        refusal.document(requestID: requestID).write(into: &body)
        // No request has been counted as arrived, so that this answer is the last.
        self.write(context: context, data: self.wrapOutboundOut(.head(response.head)), promise: nil)
        if request.method != .head {
            self.write(context: context, data: self.wrapOutboundOut(.body(body)), promise: nil)
        }
        self.write(context: context, data: self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func closeAfterAnswer(_ context: ChannelHandlerContext) {
        self.isClosing = true
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    }
}
