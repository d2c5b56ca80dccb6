import CloakroomDomain
import NIOCore

/// One client's connection to the storage origin: performs what its ``StorageConnectionMachine`` decides.
///
/// Reading is asked for, never automatic: a connection whose response is under way, or whose upload waits for the disk,
/// is not read.
final class StorageConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    /// The request that is responded to.
    struct Exchange {
        let requestID: RequestID
        let route: StorageMetrics.Route
        let startedAt: NIODeadline
        let now: Timestamp
        let wantsJSON: Bool
        let isHead: Bool
    }

    let environment: StorageEnvironment
    let group: ConnectionGroup
    var machine: StorageConnectionMachine
    private(set) var context: ChannelHandlerContext?
    /// The socket below the channel, looked up once: `withUnsafeTransportIfAvailable` takes a dynamic cast each time.
    private(set) var socket: (any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>)?
    /// How many writes wait in the channel for the client, and how many bytes of them are in memory.
    var queuedWrites = 0
    var queuedBytes = 0
    /// The line of the access log, of the request that is responded to.
    var access: AccessEntry?
    /// The route of the latest request.
    var route = StorageMetrics.Route.other
    /// The upload whose body is arriving, or being stored.
    var upload: Upload?
    /// Cancels the look-up that the request waits for.
    var cancelLookUp: (() -> Void)?
    var entry: ExpendableConnections.Entry?
    var permit: ConnectionLimiter.Permit?
    private var isProcessing = false

    init(environment: StorageEnvironment, group: ConnectionGroup) {
        self.environment = environment
        self.group = group
        self.machine = StorageConnectionMachine(
            limits: environment.limits, maximumSize: environment.verifier.policy.maximumSize.bytes)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        self.socket = context.channel._channelCore as? any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>
        self.group.add(self)
        let maximum = self.environment.limits.maximumConnections
        let limiter = self.environment.connectionLimiter
        guard let isOverLimit = self.admit(context, limiter, maximumConnections: maximum) else {
            return context.close(promise: nil)
        }
        self.machine.opened(isOverLimit: isOverLimit, self.group.tick)
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.perform(self.machine.closed())
        self.leave()
        self.group.remove(self)
        self.access = nil
        self.upload = nil
        self.cancelLookUp = nil
        self.context = nil
        self.socket = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets and broken pipes are the client's right.
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: self.perform(self.machine.quiesce(self.group.tick))
        case ChannelEvent.inputClosed: self.perform(self.machine.inputClosed(self.group.tick))
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        self.environment.metrics.receivedBytes(bytes.readableBytes)
        self.machine.bytesArrived(bytes, self.group.tick)
        self.process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.readIfWanted()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.machine.isWritable = context.channel.isWritable
        if self.machine.isWritable { self.continueProcessing() }
        context.fireChannelWritabilityChanged()
    }

    private func readIfWanted() {
        if self.machine.wantsRead { self.context?.read() }
    }

    /// Processes the bytes that have arrived, and reads.
    ///
    /// Within ``process()``, where a response can be complete at once, its loop does that.
    func continueProcessing() {
        guard !self.isProcessing else { return }
        self.process()
        self.readIfWanted()
    }

    /// Takes requests out of the bytes that have arrived, until one is incomplete or has to be waited for.
    private func process() {
        guard !self.isProcessing else { return }
        self.isProcessing = true
        defer { self.isProcessing = false }
        while self.perform(self.machine.next(self.group.tick)) {}
    }

    /// Performs a step; `false` where there is nothing to do now.
    private func perform(_ step: StorageConnectionMachine.Step) -> Bool {
        switch step {
        case .wait: return false
        case .respond(let head): self.respond(to: head)
        case .reject(let error): self.reject(self.makeExchange(), StorageRejection(error))
        case .rejectConnection(let head):
            let exchange = head.map { self.makeExchange($0) } ?? self.makeExchange()
            self.reject(exchange, .slowDown(limit: self.environment.connectionLimiter?.limit ?? 0))
        case .receive(let count, let action):
            self.access?.received(count)
            if let upload { self.perform(action, upload) }
        case .readTrailers(let lines):
            if let upload { self.readTrailers(lines, upload) }
        case .perform(let action): self.perform(action)
        }
        return true
    }
}
