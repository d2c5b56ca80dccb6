import CloakroomDomain
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// What Hummingbird leaves open on a connection: `100 Continue`, and bodies that are not to be read.
///
/// It performs what its ``APIConnectionMachine`` decides. A response that goes out before its request's body has arrived
/// ends the connection, once the rest of the body has been dropped, within limits: a client that still sends hears no
/// response from a connection that is reset. So does the response to a connection over the limit of its address, of which
/// the framework sees no request. And slow clients are closed here: the framework checks neither whether a client reads
/// its response nor how fast it sends a body.
final class APIConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long the client may take to read the last response.
    static let lingering = TimeAmount.seconds(2)

    let environment: Environment
    var machine: APIConnectionMachine
    private(set) var context: ChannelHandlerContext?
    private var group: ConnectionGroup?
    /// The line of the access log, of the request that is responded to.
    var access: AccessEntry?
    var entry: ExpendableConnections.Entry?
    /// The permit that the request has among those of its key.
    var heldPermit: ConcurrencyLimiter<APIKeyID>.Permit?
    var permit: ConnectionLimiter.Permit?
    /// Who waits for something else than the client, and is told when it leaves.
    private var departure: Departure?

    init(environment: Environment) {
        self.environment = environment
        self.machine = APIConnectionMachine(
            maximumDrainedBytes: environment.maximumDrainedBytes,
            downloadStallSeconds: environment.downloadStallSeconds)
    }

    /// Of the group's clock.
    var tick: Int { self.group?.tick ?? 0 }

    // MARK: Life

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
        self.machine.opened(group.tick)
        let isOverLimit = self.admit(
            context, self.environment.limiter, maximumConnections: self.environment.maximumConnections)
        if isOverLimit == true {
            self.machine.exceededLimit()
            // A request that is to be rejected is not waited for as long as others.
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) {
                if self.machine.state != .lingering { context.close(promise: nil) }
            }
        }
        context.fireChannelActive()
        if isOverLimit == nil { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.group?.remove(self)
        self.group = nil
        self.context = nil
        self.heldPermit = nil
        self.departure?.leave()
        self.departure = nil
        self.reportReceived()
        self.access = nil
        self.leave()
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        let action =
            switch part {
            case .head(let request):
                self.machine.headArrived(
                    expectsContinue: request.headerFields[.expect]?.lowercased() == "100-continue", self.tick)
            case .body(let bytes): self.machine.bodyArrived(bytes.readableBytes)
            case .end(let trailers): self.machine.endArrived(trailers)
            }
        switch action {
        case .forward: context.fireChannelRead(data)
        case .drop: break
        case .reject: self.rejectConnection(part, context)
        case .perform(let action): self.perform(action)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.machine.readCompleted() { context.read() }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError { self.machine.requestFailed(RequestHeadError(error)) }
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? APIRequestGuard.RejectionEvent { return self.machine.requestFailed(event.error) }
        if event is ChannelShouldQuiesceEvent {
            self.departure?.leave()
            self.perform(self.machine.quiesce())
        }
        // A client that sends nothing more is taken to have left: what it waits for is answered now, as it is.
        if event as? ChannelEvent == .inputClosed { self.departure?.leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if self.machine.readRequested() { context.read() }
    }

    // MARK: Responses

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case let event as HoldingEvent: self.heldPermit = event.permit
        case let event as DepartureEvent:
            self.departure = event.departure
            if self.machine.isQuiescing { event.departure.leave() }
        case let event as AccessEvent: self.access = event.access
        case let event as TrailersEvent: event.trailers.withLockedValue { $0 = self.machine.trailers }
        case is ContinueEvent:
            self.machine.bodyDemanded(self.tick)
            let part = HTTPResponsePart.head(HTTPResponse(status: .continue))
            return context.writeAndFlush(self.wrapOutboundOut(part), promise: promise)
        default: return context.triggerUserOutboundEvent(event, promise: promise)
        }
        promise?.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = self.unwrapOutboundIn(data)
        switch self.note(part) {
        case .drop: promise?.succeed()
        case .write: context.write(data, promise: promise)
        case .writeLastHead:
            guard case .head(var head) = part else { return }
            head.headerFields[.connection] = "close"
            context.write(self.wrapOutboundOut(.head(head)), promise: promise)
        case .rejectMalformed: self.rejectMalformed(context, promise)
        case .writeEnd:
            self.heldPermit = nil
            self.departure = nil
            context.write(data, promise: promise)
        case .writeLastEnd: self.writeLastEnd(data, context, promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // The framework ends its side after a response; what is still read of the request comes first.
        guard mode == .output, self.machine.defersOutputClose else {
            return context.close(mode: mode, promise: promise)
        }
        promise?.succeed()
    }
}
