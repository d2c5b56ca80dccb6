import CloakroomDomain
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers of which the framework knows nothing, and the end of a connection.
extension APIConnectionHandler {
    /// Answers the first request once its head has arrived, and drops everything else.
    func reject(_ rejection: APIError, _ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        guard case .head(let request) = part, !self.isLastResponse else { return }
        // No request has been counted as arrived, so that this answer is the last.
        self.respond(with: rejection, hasBody: request.method != .head, context, nil)
    }

    /// Notes what follows the last answer; the framework would take it for the next request.
    func follow(_ part: HTTPRequestPart) {
        switch part {
        case .body(let bytes): self.progress.bodyArrived(bytes.readableBytes)
        case .end: self.progress.requestArrived()
        case .head: break
        }
    }

    /// Whether a response is the framework's own to what it could not read: ours have a type.
    static func isFrameworks(_ head: HTTPResponse) -> Bool {
        head.status == .badRequest && head.headerFields[.contentType] == nil
    }

    /// Answers a request that the parser could not read.
    func rejectMalformed(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let error = self.headError ?? RequestHeadError(self.parserError ?? .unknown)
        self.respond(with: APIError(error), hasBody: true, context, promise)
    }

    /// Writes the connection's last answer.
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
        self.isLastResponse = true
        self.access?.note(status: response.status.code)
        if hasBody { self.access?.sent(Int64(body.readableBytes)) }
        context.write(self.wrapOutboundOut(.head(response.head)), promise: nil)
        if hasBody { context.write(self.wrapOutboundOut(.body(body)), promise: nil) }
        self.write(context: context, data: self.wrapOutboundOut(.end(nil)), promise: promise)
    }

    func closeAfterResponse(_ context: ChannelHandlerContext) {
        guard !self.beginDraining(context) else { return }
        self.linger(context)
    }

    /// Ends our side, and the connection a moment later: an answer has to arrive before the socket is reset.
    func linger(_ context: ChannelHandlerContext) {
        self.isClosing = true
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    }

    /// Whether the rest of the request's body can be read and dropped: the client sends it, and its end is known.
    var canDrain: Bool {
        self.rejection == nil && self.parserError == nil && self.progress.isBodyArriving && self.context != nil
    }
}
