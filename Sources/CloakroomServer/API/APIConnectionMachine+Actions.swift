/// What a connection is doing, and what it is asked to do.
extension APIConnectionMachine {
    enum State: Hashable {
        /// Requests are passed to the framework.
        case serving
        /// The connection is over the limit of its address: its first request is rejected here.
        case rejecting
        /// The last response is being written.
        case endingResponse
        /// The last response has been written, and is on its way to the socket.
        case responseEnded
        /// The rest of the request is read and dropped.
        case draining
        /// The client has a moment to take the last response.
        case lingering
    }

    /// What to do with a part of a request.
    enum PartAction: Hashable {
        case forward
        case drop
        /// Respond to the first request of a connection over the limit of its address.
        case reject
        case perform(Action)
    }

    /// Whose a response's head is.
    enum HeadKind: Hashable {
        /// One that another head follows, like `100 Continue`.
        case informational
        /// The framework's own, to what cannot be read.
        case frameworks
        case ours
    }

    /// What to do with a part of a response.
    enum WriteAction: Hashable {
        case write
        case drop
        /// Write a head that ends the connection.
        case writeLastHead
        /// Write our response in the place of the framework's.
        case rejectMalformed
        /// Write the end of a response; the connection goes on.
        case writeEnd
        /// Write the end of the last response, and call ``lastResponseFlushed()`` once it has gone out.
        case writeLastEnd
    }

    /// What to do after an event.
    enum Action: Hashable {
        case none
        /// Close at once.
        case close
        /// Shut down our side, and close a moment later: the response has to arrive before the socket is reset.
        case linger
        /// Ask for leave to drop the rest of the body, and call ``drain(isAllowed:_:)``.
        case drain
        /// Shut down our side, and read.
        case shutDownOutput
        /// Ask for leave to wait for a client that has stopped reading, unless it is given already, and call
        /// ``stall(isAllowed:)``.
        case stall
        /// Note that the client reads again.
        case endStall
    }
}
