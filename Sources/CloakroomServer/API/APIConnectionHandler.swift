import HTTPTypes
import Hummingbird
import Metrics
import NIOCore
import NIOHTTPTypes

/// What Hummingbird leaves open on a connection: `100 Continue`, and bodies that are not to be read.
///
/// An answer that goes out before its request's body has arrived ends the connection: the framework would otherwise
/// read the rest to get at the next request, up to 100 MB of it.
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

    init(connections: ConnectionMeter) {
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        self.connections.opened()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.connections.closed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
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

    private func closeAfterAnswer(_ context: ChannelHandlerContext) {
        self.isClosing = true
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    }
}
