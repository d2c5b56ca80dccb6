import NIOCore

/// The protocol of a connection to the storage origin: one request at a time, and no byte read before its turn.
///
/// It has no socket, clock or store. ``StorageConnection`` tells it what happens and performs what it returns. Times are
/// ticks of the ``ConnectionGroup``, in seconds.
struct StorageConnectionMachine {
    /// What is still to come of the request that is responded to.
    enum Body {
        case nothing
        /// Bytes that the decoder delimits.
        case unread
        /// Bytes that are not read: the client has not begun, or their end is unknown.
        case unreadable
    }

    /// Bytes that have been taken are freed once there are so many.
    private static let compactionLength = 64 * 1_024
    /// How long the client has to take the last response, in seconds.
    static let lingerSeconds = 2

    let limits: StorageOriginLimits
    /// The size of the largest file, in bytes.
    let maximumSize: Int64
    var state = State.readingHead
    var inbound = ByteBuffer()
    var body = Body.nothing
    var decoder = BodyDecoder(.none)
    var upload = UploadMachine()
    var declaredSize: Int64 = 0
    var received: Int64 = 0
    var drained = DrainBudget(maximum: 0, startedAt: 0)
    var watch = ProgressWatch()
    var requestKeepsAlive = false
    var hasResponded = false
    var isWritable = true
    var isQuiescing = false
    /// Whether the client has said that it sends no more.
    var inputHasEnded = false
    /// Whether the client has leave to read nothing for a time.
    var isStalled = false

    init(limits: StorageOriginLimits, maximumSize: Int64) {
        self.limits = limits
        self.maximumSize = maximumSize
    }

    /// Whether the connection goes on after the response that is being made.
    var keepsAlive: Bool { self.requestKeepsAlive && self.body == .nothing && !self.isQuiescing }

    /// Whether the socket is to be read.
    var wantsRead: Bool {
        switch self.state {
        case .readingHead: self.isWritable
        case .rejecting, .draining: true
        case .receiving: self.upload.wantsBytes
        // One read ahead: a client that does not send its next request early costs no change of what is polled for.
        case .lookingUp, .responding: self.inbound.readableBytes == 0
        case .lingering, .closed: false
        }
    }

    // MARK: Bytes

    /// The connection has begun, within the limit of its address or over it.
    mutating func opened(isOverLimit: Bool, _ tick: Int) {
        if isOverLimit { self.state = .rejecting }
        self.watch.restart(tick)
    }

    mutating func bytesArrived(_ bytes: ByteBuffer, _ tick: Int) {
        self.watch.advanced(by: bytes.readableBytes)
        guard self.inbound.readableBytes == 0 else {
            self.inbound.writeImmutableBuffer(bytes)
            return
        }
        // The time for a head counts from its first byte.
        if self.state == .readingHead { self.watch.restart(tick) }
        self.inbound = bytes
    }

    /// Takes one step with the bytes that have arrived.
    mutating func next(_ tick: Int) -> Step {
        switch self.state {
        case .readingHead where self.isWritable: self.nextHead(tick)
        case .rejecting: self.nextRejectedHead()
        case .receiving: self.nextOfBody()
        case .draining: self.dropArrived(tick)
        case .readingHead, .lookingUp, .responding, .lingering, .closed: self.wait()
        }
    }

    mutating func wait() -> Step {
        if self.inbound.readerIndex > Self.compactionLength { self.inbound.discardReadBytes() }
        return .wait
    }

    private mutating func nextHead(_ tick: Int) -> Step {
        do throws(RequestHeadError) {
            guard let head = try self.takeHead() else {
                // Nothing follows what is not a whole request.
                return self.inputHasEnded ? .perform(self.end(.all, tick)) : self.wait()
            }
            self.state = .responding
            self.requestKeepsAlive = head.keepsAlive
            self.decoder = BodyDecoder(head.framing)
            // A client that waits for `100 Continue` has not begun.
            self.body = !head.hasBody ? .nothing : head.expectsContinue ? .unreadable : .unread
            return .respond(head)
        } catch {
            self.respondToLast()
            return .reject(error)
        }
    }

    private mutating func nextRejectedHead() -> Step {
        do throws(RequestHeadError) {
            // A response before its request is one that clients do not expect.
            guard let head = try self.takeHead() else { return self.wait() }
            self.respondToLast()
            return .rejectConnection(head)
        } catch {
            self.respondToLast()
            return .rejectConnection(nil)
        }
    }

    private mutating func respondToLast() {
        self.state = .responding
        self.requestKeepsAlive = false
        self.body = .unreadable
    }

    private mutating func takeHead() throws(RequestHeadError) -> RequestHead? {
        guard self.inbound.readableBytes > 0 else { return nil }
        let outcome = self.inbound.withUnsafeReadableBytes { bytes in
            // The parser copies what it keeps.
            Result { () throws(RequestHeadError) in try HTTPHeadParser.parse(bytes) }
        }
        guard case .head(let head, let length) = try outcome.get() else { return nil }
        self.inbound.moveReaderIndex(forwardBy: length)
        return head
    }

    // MARK: Look-ups

    mutating func lookUpBegan() { self.state = .lookingUp }

    /// A row has been found or not; `false` where the connection has closed meanwhile.
    mutating func lookUpEnded() -> Bool {
        guard self.state == .lookingUp else { return false }
        self.state = .responding
        return true
    }

    // MARK: Responses

    mutating func sent(_ count: Int) { self.watch.advanced(by: count) }

    /// A response has been handed to the network.
    mutating func responded(_ tick: Int) -> Action {
        self.isStalled = false
        guard self.keepsAlive else {
            let canDrain = self.body == .unread && !self.decoder.isComplete
            if canDrain, !self.isQuiescing, !self.inputHasEnded { return .drain }
            return self.end(self.body == .nothing ? .all : .output, tick)
        }
        self.state = .readingHead
        self.hasResponded = true
        self.watch.restart(tick)
        return .process
    }

    mutating func end(_ mode: CloseMode, _ tick: Int) -> Action {
        self.state = .lingering
        self.watch.restart(tick)
        return .end(mode)
    }

    /// The last byte has gone out: the time for the client to take it counts from now.
    mutating func flushed(_ tick: Int) { self.watch.restart(tick) }
}
