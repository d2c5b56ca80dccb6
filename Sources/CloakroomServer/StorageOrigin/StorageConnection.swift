import CloakroomDomain
import CloakroomStorage
import Glibc
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
        let requestID: String
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
    private static let lingerSeconds = 2

    let environment: StorageEnvironment
    let group: ConnectionGroup
    var state = State.readingHead
    var headWriter = ResponseHeadWriter()
    private(set) var context: ChannelHandlerContext?
    private var inbound = ByteBuffer()
    /// Whether the server is shutting down: no answer keeps its connection open.
    private(set) var isQuiescing = false
    private var isProcessing = false
    /// Whether the client has said that it sends no more.
    private var inputHasEnded = false
    /// Whether a request has been answered on this connection.
    private var hasAnswered = false
    private var watch = ProgressWatch()

    init(environment: StorageEnvironment, group: ConnectionGroup) {
        self.environment = environment
        self.group = group
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        self.group.add(self)
        self.watch.restart(self.group.tick)
        if self.environment.metrics.connections.opened() > self.environment.limits.maximumConnections {
            context.close(promise: nil)
            return
        }
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .receiving(let upload) = self.state { upload.abandon(self.environment.metrics) }
        self.state = .closed
        self.group.remove(self)
        self.environment.metrics.connections.closed()
        self.context = nil
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
        case .lingering:
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
        case .receiving(let upload) where upload.machine.wantsBytes: context.read()
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

    // MARK: Requests

    private func handle(_ head: RequestHead) {
        let request = head.request
        let isHead = request.method.isEqual(to: "HEAD")
        let accept = request.firstText(of: "accept") ?? ""
        let exchange = self.makeExchange(
            route: Self.route(request), keepsAlive: head.keepsAlive,
            wantsJSON: accept.contains("application/json"), isHead: isHead)
        if request.method.isEqual(to: "OPTIONS") { return self.answerPreflight(exchange, head) }
        do {
            switch try self.verify(request, now: exchange.now) {
            case .download(let grant): self.download(grant, exchange, head)
            case .upload(let grant): self.upload(grant, exchange, head)
            }
        } catch let error as PresignedURLError {
            self.environment.metrics.rejected(error)
            self.refuse(exchange, StorageRefusal(error), unreadBody: head.hasBody)
        } catch {
            let error = (error as? StorageError) ?? .failed("\(error)")
            self.refuse(exchange, StorageRefusal(error), unreadBody: head.hasBody)
        }
    }

    /// Verifies; an upload that does not match as received is tried with what its client declared.
    private func verify(_ request: ReceivedRequest, now: Timestamp) throws -> Grant {
        let keyRing = self.environment.signingKeys.keyRing
        do throws(PresignedURLError) {
            return try self.environment.verifier.verify(request, keyRing: keyRing, now: now)
        } catch .signatureMismatch(nil) where request.method.isEqual(to: "PUT") {
            guard let id = FileID(text: request.path.dropFirst("/uploads/".utf8.count)),
                let declared = try self.environment.store.declarationForVerification(id)
            else { throw PresignedURLError.signatureMismatch(nil) }
            return try self.environment.verifier.verify(request, keyRing: keyRing, now: now, declared: declared)
        }
    }

    private func makeExchange(
        route: StorageMetrics.Route, keepsAlive: Bool, wantsJSON: Bool, isHead: Bool
    ) -> Exchange {
        Exchange(
            requestID: self.environment.requestIDs.next(), route: route, startedAt: .now(),
            now: self.environment.clock.now, keepsAlive: keepsAlive, wantsJSON: wantsJSON, isHead: isHead)
    }

    private static func route(_ request: ReceivedRequest) -> StorageMetrics.Route {
        if request.method.isEqual(to: "GET") { return .download }
        if request.method.isEqual(to: "PUT") { return .upload }
        if request.method.isEqual(to: "HEAD") { return .head }
        return request.method.isEqual(to: "OPTIONS") ? .preflight : .other
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

    // MARK: Time-outs

    func secondPassed() {
        guard let context else { return }
        let limits = self.environment.limits
        let elapsed = self.watch.elapsed(self.group.tick)
        switch self.state {
        case .readingHead:
            // What was answered may still be on its way.
            guard !self.drains(context) else { return }
            let isIdle = self.hasAnswered && self.inbound.readableBytes == 0
            let limit = isIdle ? limits.idleTimeoutSeconds : limits.headTimeoutSeconds
            if elapsed > limit { context.close(promise: nil) }
        case .receiving(let upload):
            guard upload.machine.waitsForClient else { return self.restartWatch() }
            guard self.watch.isTooSlow(self.group.tick, limits) else { return }
            self.refuse(upload.exchange, Upload.tooSlow(limits))
        case .answering:
            if !self.drains(context) { self.restartWatch() }
        case .lingering:
            // The time for the answer's arrival counts from its last byte's leaving.
            if !self.drains(context), elapsed > Self.lingerSeconds { context.close(promise: nil) }
        case .closed:
            break
        }
    }

    /// Whether bytes of an answer wait for the client; one that takes them too slowly is closed.
    private func drains(_ context: ChannelHandlerContext) -> Bool {
        let buffered = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        // A full socket takes bytes again only when a third of it is free: what the client acknowledges is seen sooner.
        self.watch.drained(to: buffered + Self.unacknowledgedBytes(context))
        guard buffered > 0 else { return false }
        if self.watch.isTooSlow(self.group.tick, self.environment.limits) { context.close(promise: nil) }
        return true
    }

    /// Bytes in the socket's send queue that the client has not acknowledged (`SIOCOUTQ`, tcp(7)).
    private static func unacknowledgedBytes(_ context: ChannelHandlerContext) -> Int {
        let transport = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { socket in
            var count: Int32 = 0
            return ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return transport.flatMap { $0 } ?? 0
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
