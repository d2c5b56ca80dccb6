import CloakroomDomain
import CloakroomStorage
import NIOCore
import NIOExtras

/// One client's connection to the storage origin: bytes in, bytes out, one request at a time.
///
/// Reading is asked for, never automatic: a connection whose response is under way, or whose upload waits for the
/// disk, is not read. A rejected body is not kept; its connection ends with the answer.
final class StorageConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    enum State {
        /// Between requests, or within a head.
        case readingHead
        /// The connection is one too many of its address: its first head is waited for, and refused.
        case rejecting
        /// A body is arriving.
        case receiving(Upload)
        /// An answer is being made or sent; nothing is read.
        case responding
        /// The last answer has been sent, and the rest of its request is read and dropped.
        case draining(Drain)
        /// The last answer has been sent, and its arrival is waited for.
        case lingering
        case closed
    }

    /// The request that is being answered.
    struct Exchange {
        let requestID: RequestID
        let route: StorageMetrics.Route
        let startedAt: NIODeadline
        let now: Timestamp
        var keepsAlive: Bool
        let wantsJSON: Bool
        let isHead: Bool
    }

    /// Bytes that have been taken are given back once there are so many.
    private static let compactionLength = 64 * 1_024
    /// How long an answer that ends the connection may take to arrive, in seconds.
    static let lingerSeconds = 2

    let environment: StorageEnvironment
    let group: ConnectionGroup
    var state = State.readingHead
    /// The socket below the channel, looked up once: `withUnsafeTransportIfAvailable` takes a dynamic cast each time.
    private(set) var socket: (any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>)?
    /// How many writes wait in the channel for the client, and how many bytes of them are in memory.
    var queuedWrites = 0
    var queuedBytes = 0
    /// The entry among the origin's expendable connections while the client has stopped reading.
    var stall: ExpendableConnections.Entry?
    private(set) var context: ChannelHandlerContext?
    var inbound = ByteBuffer()
    /// The line of the access log, of the request that is being answered.
    var access: AccessEntry?
    /// The route of the latest request.
    var route = StorageMetrics.Route.other
    /// The body of the request that is being answered, where the client sends it and nobody has read it.
    var unreadBody: BodyDecoder?
    /// Whether the server is shutting down: no answer keeps its connection open.
    private(set) var isQuiescing = false
    private(set) var isProcessing = false
    /// Whether the client has said that it sends no more.
    private(set) var inputHasEnded = false
    /// Whether a request has been answered on this connection.
    var hasResponded = false
    var watch = ProgressWatch()
    /// The connection's permit among those of its address, where these are limited.
    var permit: ConnectionLimiter.Permit?

    init(environment: StorageEnvironment, group: ConnectionGroup) {
        self.environment = environment
        self.group = group
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        self.socket = context.channel._channelCore as? any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>
        self.group.add(self)
        self.watch.restart(self.group.tick)
        let openConnections = self.environment.metrics.connections.opened()
        self.environment.expendable.makeRoom(openConnections: openConnections)
        if openConnections > self.environment.limits.maximumConnections {
            self.environment.metrics.connections.rejected(.origin)
            context.close(promise: nil)
            return
        }
        if self.takePermit(context) { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch self.state {
        case .receiving(let upload): upload.abandon(self.environment.metrics)
        case .draining(let drain): self.environment.expendable.remove(drain.entry)
        case .readingHead, .rejecting, .responding, .lingering, .closed: break
        }
        self.endStall()
        self.state = .closed
        self.group.remove(self)
        self.permit?.release()
        self.permit = nil
        self.access = nil
        self.environment.metrics.connections.closed()
        self.context = nil
        self.socket = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets and broken pipes are the client's right.
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            self.isQuiescing = true
            // A client that does not read would hold up the end for as long as that may take.
            if self.stall != nil { return context.close(promise: nil) }
            switch self.state {
            case .readingHead where self.inbound.readableBytes == 0: self.closeAfterResponse(unreadBody: false)
            case .draining(let drain): self.endDraining(drain, isComplete: false)
            case .readingHead, .rejecting, .receiving, .responding, .lingering, .closed: break
            }
        case ChannelEvent.inputClosed:
            self.inputClosed(context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func inputClosed(_ context: ChannelHandlerContext) {
        switch self.state {
        case .receiving(let upload):
            self.reject(upload.exchange, Upload.incompleteBody(upload), dropsBody: false)
        case .readingHead, .responding:
            // Requests that arrived whole are still answered.
            self.inputHasEnded = true
            self.process()
        case .draining(let drain):
            self.endDraining(drain, isComplete: true)
        case .lingering, .rejecting:
            context.close(promise: nil)
        case .closed:
            break
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.environment.metrics.receivedBytes(bytes.readableBytes)
        self.watch.advanced(by: bytes.readableBytes)
        if self.inbound.readableBytes == 0 {
            // The time for a head counts from its first byte.
            if case .readingHead = self.state { self.watch.restart(self.group.tick) }
            self.inbound = bytes
        } else {
            self.inbound.writeBuffer(&bytes)
        }
        self.process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.readIfWanted()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            self.process()
            self.readIfWanted()
        }
        context.fireChannelWritabilityChanged()
    }

    func readIfWanted() {
        guard let context else { return }
        switch self.state {
        case .readingHead where context.channel.isWritable: context.read()
        case .rejecting, .draining: context.read()
        case .receiving(let upload) where upload.machine.wantsBytes: context.read()
        // One read ahead: a client that does not send its next request early costs no change of what is polled for.
        case .responding where self.inbound.readableBytes == 0: context.read()
        case .readingHead, .receiving, .responding, .lingering, .closed: break
        }
    }

    /// Takes requests out of the bytes that have arrived, until one is not complete or has to be waited for.
    func process() {
        // Answering a request can complete at once and come back here; the loop below goes on then.
        guard !self.isProcessing else { return }
        self.isProcessing = true
        while self.processNext() {}
        self.isProcessing = false
        if self.inbound.readerIndex > Self.compactionLength { self.inbound.discardReadBytes() }
        guard self.inputHasEnded, case .readingHead = self.state, self.context?.channel.isWritable == true else {
            return
        }
        // Nothing that is whole is left, and nothing will follow.
        self.closeAfterResponse(unreadBody: false)
    }

    /// Takes one step; `false` where nothing can be done now.
    private func processNext() -> Bool {
        guard let context, self.inbound.readableBytes > 0 else { return false }
        switch self.state {
        case .readingHead: return context.channel.isWritable && self.parseHead()
        case .receiving(let upload): return self.receive(upload)
        case .draining(let drain): return self.drop(drain)
        case .rejecting:
            self.rejectConnection()
            return false
        case .responding, .lingering, .closed: return false
        }
    }

    private func parseHead() -> Bool {
        do throws(RequestHeadError) {
            let outcome = self.inbound.withUnsafeReadableBytes { bytes in
                // The parser copies what it keeps.
                Result { () throws(RequestHeadError) in try HTTPHeadParser.parse(bytes) }
            }
            guard case .head(let head, let length) = try outcome.get() else { return false }
            self.inbound.moveReaderIndex(forwardBy: length)
            self.state = .responding
            // A client that waits for `100 Continue` has not begun.
            self.unreadBody = head.hasBody && !head.expectsContinue ? BodyDecoder(head.framing) : nil
            self.handle(head)
            return true
        } catch {
            self.state = .responding
            self.unreadBody = nil
            let exchange = self.makeExchange(route: .other, keepsAlive: false, wantsJSON: false, isHead: false)
            self.reject(exchange, StorageRejection(error))
            return false
        }
    }

    private func receive(_ upload: Upload) -> Bool {
        do {
            while let bytes = try upload.decoder.next(&self.inbound) {
                try upload.count(bytes.readableBytes, maximum: self.environment.verifier.policy.maximumSize)
                self.access?.received(bytes.readableBytes)
                self.perform(upload.machine.received(bytes), upload)
            }
            guard upload.decoder.isComplete else { return false }
            try upload.readTrailers()
            self.state = .responding
            self.perform(upload.machine.bodyEnded(), upload)
            return true
        } catch let rejection as StorageRejection {
            self.reject(upload.exchange, rejection)
        } catch {
            let reason = (error as? BodyDecoder.Malformed)?.reason ?? "its body is malformed"
            self.reject(upload.exchange, StorageRejection(.malformed(reason)), dropsBody: false)
        }
        return true
    }
}
