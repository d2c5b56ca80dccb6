import NIOCore

/// What a connection is doing, and what it is asked to do.
extension StorageConnectionMachine {
    enum State: Hashable {
        /// Between requests, or within a head.
        case readingHead
        /// The connection is over the limit of its address: its first head is awaited, and rejected.
        case rejecting
        /// A row is awaited that a request needs.
        case lookingUp
        /// A body is arriving.
        case receiving
        /// A response is being made or sent.
        case responding
        /// The last response has been sent; the rest of its request is read and dropped.
        case draining
        /// The last response has been sent; the client has a moment to take it.
        case lingering
        case closed
    }

    /// What to do with the bytes that have arrived.
    enum Step {
        /// Nothing, until more arrives or a response is complete.
        case wait
        /// Respond to a request.
        case respond(RequestHead)
        /// Reject what is not a request.
        case reject(RequestHeadError)
        /// Reject the first request of a connection over the limit of its address; `nil` where it is malformed.
        case rejectConnection(RequestHead?)
        /// Count bytes of an upload, and perform what they lead to.
        case receive(Int, UploadMachine.Action)
        /// Read the trailers of a complete body, then call ``trailersAccepted()`` or reject the upload.
        case readTrailers([[UInt8]])
        case perform(Action)
    }

    /// What to do after an event.
    enum Action: Hashable {
        case none
        /// Take requests out of the bytes that have arrived, and read on.
        case process
        /// Close at once.
        case close
        /// Close once what was written has gone out.
        ///
        /// Closing a socket with unread bytes resets it, and the reset can overtake the response. So with a body unread
        /// only our side is shut down (`.output`): a client that reads the response stops sending and closes.
        case end(CloseMode)
        /// Ask for leave to drop the rest of a body, and call ``drain(isAllowed:_:)``.
        case drain
        /// Shut down our side once what was written has gone out, and read on.
        case shutDownOutput
        /// Ask for leave to wait for a client that has stopped reading, and call ``stall(isAllowed:)``.
        case stall
        /// Note that the client reads again, or that nothing waits for it any more.
        case endStall
        case rejectUpload(UploadFault)
        case abandonUpload
        case cancelLookUp
    }

    /// Why an upload is rejected whose body is arriving.
    enum UploadFault: Error, Hashable {
        /// The framing is broken; the text says in what.
        case malformed(String)
        /// The client stopped after so many bytes.
        case incomplete(received: Int64)
        case tooSlow
        /// The body is over the limit for files.
        case tooLarge(received: Int64)
        /// The body is longer than declared.
        case tooLong(received: Int64)

        /// Whether the rest of the body is worth reading: the client still sends it, and its end is known.
        var leavesBodyReadable: Bool {
            switch self {
            case .malformed, .incomplete, .tooSlow: false
            case .tooLarge, .tooLong: true
            }
        }
    }
}
