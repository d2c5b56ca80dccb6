import NIOCore

/// The body of an upload, from its accepted head to its last byte.
extension StorageConnectionMachine {
    /// The head of an upload has been accepted, and the client asked for the body where it waits for that.
    mutating func uploadAccepted(declaredSize: Int64, _ tick: Int) {
        if self.body == .unreadable { self.body = .unread }
        self.state = .receiving
        self.upload = UploadMachine()
        self.declaredSize = declaredSize
        self.received = 0
        self.watch.restart(tick)
    }

    mutating func nextOfBody() -> Step {
        do throws(BodyDecoder.Malformed) {
            if let bytes = try self.decoder.next(&self.inbound) { return self.receive(bytes) }
            guard self.decoder.isComplete else { return self.wait() }
            self.state = .responding
            return .readTrailers(self.decoder.trailerLines)
        } catch {
            return .perform(self.reject(.malformed(error.reason)))
        }
    }

    private mutating func receive(_ bytes: ByteBuffer) -> Step {
        self.received += Int64(bytes.readableBytes)
        if self.received > self.maximumSize { return .perform(self.reject(.tooLarge(received: self.received))) }
        if self.received > self.declaredSize { return .perform(self.reject(.tooLong(received: self.received))) }
        return .receive(bytes.readableBytes, self.upload.received(bytes))
    }

    /// The body is complete, and so is what its trailers say.
    mutating func trailersAccepted() -> UploadMachine.Action {
        self.body = .nothing
        return self.upload.bodyEnded()
    }

    mutating func writeFinished() -> UploadMachine.Action { self.upload.writeFinished() }

    mutating func reject(_ fault: UploadFault) -> Action {
        if !fault.leavesBodyReadable { self.body = .unreadable }
        self.state = .responding
        return .rejectUpload(fault)
    }

    /// The request is rejected, whether or not its body is arriving.
    mutating func rejected() {
        if self.state == .receiving { self.state = .responding }
        // What has gathered is not kept while the rest of the body is dropped.
        self.upload = UploadMachine()
    }
}
