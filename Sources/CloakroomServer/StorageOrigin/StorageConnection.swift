import CloakroomDomain
import CloakroomStorage
import NIOCore
import NIOExtras

/// One client's connection to the storage origin: bytes in, bytes out, one request at a time.
///
/// Reading is asked for, never automatic: a connection whose response is under way, or whose upload waits for the
/// disk, is not read. A refused body is never read; its connection ends with the answer.
final class StorageConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    enum State {
        /// Between requests, or within a head.
        case readingHead
        /// The connection is one too many of its address: its first head is waited for, and refused.
        case refusing
        /// A body is arriving.
        case receiving(Upload)
        /// An answer is being made or sent; nothing is read.
        case answering
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
    /// How many writes wait in the channel for the client.
    var queuedWrites = 0
    private(set) var context: ChannelHandlerContext?
    private(set) var inbound = ByteBuffer()
    /// Whether the server is shutting down: no answer keeps its connection open.
    private(set) var isQuiescing = false
    private var isProcessing = false
    /// Whether the client has said that it sends no more.
    private var inputHasEnded = false
    /// Whether a request has been answered on this connection.
    private(set) var hasAnswered = false
    var watch = ProgressWatch()
    /// The connection's place among those of its address, where these are limited.
    var place: ConnectionLimiter.Place?

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
        if self.environment.metrics.connections.opened() > self.environment.limits.maximumConnections {
            self.environment.metrics.connections.refused(.origin)
            context.close(promise: nil)
            return
        }
        if self.takePlace(context) { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .receiving(let upload) = self.state { upload.abandon(self.environment.metrics) }
        self.state = .closed
        self.group.remove(self)
        self.place?.release()
        self.place = nil
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
            if case .readingHead = self.state, self.inbound.readableBytes == 0 {
                self.closeAfterAnswer(unreadBody: false)
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
            self.refuse(upload.exchange, Upload.incompleteBody(upload))
        case .readingHead, .answering:
            // Requests that arrived whole are still answered.
            self.inputHasEnded = true
            self.process()
        case .lingering, .refusing:
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
        case .refusing: context.read()
        case .receiving(let upload) where upload.machine.wantsBytes: context.read()
        // One read ahead: a client that does not send its next request early costs no change of what is polled for.
        case .answering where self.inbound.readableBytes == 0: context.read()
        case .readingHead, .receiving, .answering, .lingering, .closed: break
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
        self.closeAfterAnswer(unreadBody: false)
    }

    /// Takes one step; `false` where nothing can be done now.
    private func processNext() -> Bool {
        guard let context, self.inbound.readableBytes > 0 else { return false }
        switch self.state {
        case .readingHead: return context.channel.isWritable && self.parseHead()
        case .receiving(let upload): return self.receive(upload)
        case .refusing:
            self.refuseConnection()
            return false
        case .answering, .lingering, .closed: return false
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
            self.state = .answering
            self.handle(head)
            return true
        } catch {
            self.state = .answering
            let exchange = self.makeExchange(route: .other, keepsAlive: false, wantsJSON: false, isHead: false)
            self.refuse(exchange, StorageRefusal(error))
            return false
        }
    }

    private func receive(_ upload: Upload) -> Bool {
        do {
            while let bytes = try upload.decoder.next(&self.inbound) {
                try upload.count(bytes.readableBytes, maximum: self.environment.verifier.policy.maximumSize)
                self.perform(upload.machine.received(bytes), upload)
            }
            guard upload.decoder.hasEnded else { return false }
            self.state = .answering
            self.perform(upload.machine.bodyEnded(), upload)
            return true
        } catch let refusal as StorageRefusal {
            self.refuse(upload.exchange, refusal)
        } catch {
            let reason = (error as? BodyDecoder.Malformed)?.reason ?? "its body is malformed"
            self.refuse(upload.exchange, StorageRefusal(.malformed(reason)))
        }
        return false
    }

    // MARK: The end of an exchange

    /// Notes that an answer has been handed to the network, and goes on with the next request.
    ///
    /// - Parameters:
    ///   - exchange: The request that was answered.
    ///   - status: How.
    ///   - unreadBody: Whether bytes of its body are still to come, which ends the connection.
    func finish(_ exchange: Exchange, _ status: HTTPStatus, unreadBody: Bool = false) {
        let duration = NIODeadline.now() - exchange.startedAt
        self.environment.metrics.responded(exchange.route, status, nanoseconds: duration.nanoseconds)
        guard self.keepsAlive(exchange, unreadBody: unreadBody) else {
            return self.closeAfterAnswer(unreadBody: unreadBody)
        }
        self.state = .readingHead
        self.hasAnswered = true
        self.watch.restart(self.group.tick)
        // Within `process` its loop goes on, and whoever called it reads.
        guard !self.isProcessing else { return }
        self.process()
        self.readIfWanted()
    }

    /// Ends the connection once what was written has gone out.
    ///
    /// Closing a socket with unread bytes resets it, and the reset can overtake the answer. So with a body unread, only
    /// our side is shut down; the client reads the answer, stops sending and closes.
    private func closeAfterAnswer(unreadBody: Bool) {
        guard let context else { return }
        self.state = .lingering
        self.watch.restart(self.group.tick)
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.byteBuffer(ByteBuffer()))).whenComplete { _ in
            guard let context = connection.value.context else { return }
            connection.value.restartWatch()
            context.close(mode: unreadBody ? .output : .all, promise: nil)
        }
    }

    /// Measures the client's progress from now on.
    func restartWatch() {
        self.watch.restart(self.group.tick)
    }

    /// Notes bytes of a response that have been taken over by the network stack.
    func sent(_ count: Int64) {
        self.watch.advanced(by: Int(count))
        self.environment.metrics.sentBytes(count)
    }
}
