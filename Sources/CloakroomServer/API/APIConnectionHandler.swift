import HTTPTypes
import Hummingbird
import HummingbirdCore
import Metrics
import NIOCore
import NIOHTTPTypes

/// What Hummingbird leaves open on a connection: `100 Continue`, and bodies that are not to be read.
///
/// An answer that goes out before its request's body has arrived ends the connection: the framework would otherwise
/// read the rest to get at the next request, up to 100 MB of it. So does the answer to a connection that is one too
/// many of its address, of which the framework sees no request.
final class APIConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Asks for `100 Continue`.
    struct ContinueEvent: Sendable {}

    /// How long the client may take to read the last answer.
    private static let lingering = TimeAmount.seconds(2)

    /// Requests whose body has arrived, and answers that have gone out: a pipelined request may be ahead of its turn.
    private var requestsArrived = 0
    private var answersSent = 0
    private var isLastAnswer = false
    private var isClosing = false
    private let connections: ConnectionMeter
    private let limiter: ConnectionLimiter?
    /// The connection's place among those of its address, where these are limited.
    private var place: ConnectionLimiter.Place?
    /// What the first request is answered with, whatever it asks for, on a connection that is one too many.
    private var refusal: APIError?

    init(connections: ConnectionMeter, limiter: ConnectionLimiter?) {
        self.connections = connections
        self.limiter = limiter
    }

    func channelActive(context: ChannelHandlerContext) {
        self.connections.opened()
        let isKept = self.takePlace(context)
        context.fireChannelActive()
        if !isKept { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.place?.release()
        self.place = nil
        self.connections.closed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let refusal { return self.refuse(refusal, self.unwrapInboundIn(data), context) }
        if case .end = self.unwrapInboundIn(data) { self.requestsArrived += 1 }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if !self.isClosing { context.read() }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is ContinueEvent else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        let part = HTTPResponsePart.head(HTTPResponse(status: .continue))
        context.writeAndFlush(self.wrapOutboundOut(part), promise: promise)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch self.unwrapOutboundIn(data) {
        case .head(var head) where self.requestsArrived <= self.answersSent && head.status.kind != .informational:
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
            self.answersSent += 1
            context.write(data, promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        }
    }

    // MARK: The most connections of an address

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
