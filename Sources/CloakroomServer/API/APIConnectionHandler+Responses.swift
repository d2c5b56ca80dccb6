import CloakroomDomain
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// What is written: counted, and where the framework sees no request, made here.
extension APIConnectionHandler {
    /// Notes a part of a response, and returns what to do with it.
    func note(_ part: HTTPResponsePart) -> APIConnectionMachine.WriteAction {
        switch part {
        case .head(let head):
            let kind = Self.kind(head)
            let action = self.machine.headWritten(kind)
            if action != .drop, kind != .informational { self.access?.note(status: head.status.code) }
            return action
        case .body(let bytes):
            let action = self.machine.bodyWritten(bytes.readableBytes)
            if action != .drop { self.access?.sent(Int64(bytes.readableBytes)) }
            return action
        case .end:
            let received = self.machine.bodyLength
            let action = self.machine.endWritten(self.tick)
            if action != .drop { self.finishAccess(received: received) }
            return action
        }
    }

    private func finishAccess(received: Int?) {
        if let received { self.access?.received(received) }
        self.access?.finish()
        self.access = nil
    }

    /// Tells the access log how much of the request's body has arrived.
    func reportReceived() {
        if let received = self.machine.bodyLength { self.access?.received(received) }
    }

    /// The framework's own response to what it could not read has no type; ours have one.
    private static func kind(_ head: HTTPResponse) -> APIConnectionMachine.HeadKind {
        if head.status.kind == .informational { return .informational }
        return head.status == .badRequest && head.headerFields[.contentType] == nil ? .frameworks : .ours
    }

    // MARK: Rejections

    /// Responds to the first request of a connection over the limit of its address.
    func rejectConnection(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        guard case .head(let request) = part, let limiter = self.environment.limiter else { return }
        self.respond(with: .connectionsLimited(limiter.limit), hasBody: request.method != .head, context, nil)
    }

    /// Responds to a request that the parser could not read.
    func rejectMalformed(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let error = self.machine.malformation ?? .malformed("must be HTTP/1.1 (RFC 9112)")
        self.respond(with: APIError(error), hasBody: true, context, promise)
    }

    /// Writes the connection's last response.
    private func respond(
        with error: APIError, hasBody: Bool, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        let requestID = APIContext.requestIDs.next().description
        self.access = self.environment.accessLog.map { AccessEntry($0, .api, requestID: requestID, route: "other") }
        var response = error.response(requestID: requestID)
        APIErrorMiddleware.addCommonFields(to: &response.headers, requestID: requestID)
        response.headers[.connection] = "close"
        response.headers[.date] = SystemClock().now.imfFixdate
        var body = ByteBuffer()
        error.document(requestID: requestID).write(into: &body)
        self.access?.note(status: response.status.code)
        if hasBody { self.access?.sent(Int64(body.readableBytes)) }
        context.write(self.wrapOutboundOut(.head(response.head)), promise: nil)
        if hasBody { context.write(self.wrapOutboundOut(.body(body)), promise: nil) }
        self.write(context: context, data: self.wrapOutboundOut(.end(nil)), promise: promise)
    }

    /// Writes the end of the last response; once it has gone out, the connection ends.
    func writeLastEnd(_ data: NIOAny, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            bound.value.perform(bound.value.machine.lastResponseFlushed())
        }
        context.writeAndFlush(data, promise: promise)
    }
}
