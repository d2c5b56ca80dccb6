import CloakroomCrypto
import CloakroomDomain
import CloakroomStorage
import NIOCore

extension StorageConnection {
    /// Checks everything that the head can tell, then lets the body come.
    func upload(_ grant: UploadGrant, _ exchange: Exchange, _ head: RequestHead) {
        do {
            let record = try self.environment.store.record(grant, now: exchange.now)
            self.access?.note(record.organization)
            try Self.checkEncoding(head.request)
            try Self.checkType(head.request, record.declaration)
            try self.checkLength(head.framing, record.declaration)
            try Self.checkCompleteness(head.request)
            let checksums = try Self.checksums(head)
            let rejectsRepetition = try Self.checkPreconditions(head.request, record)
            let staged = try self.environment.store.stage(
                grant, record, checksums: checksums.checksums, algorithms: checksums.algorithms)
            let upload = Upload(
                exchange, staged: staged, record: record, decoder: BodyDecoder(head.framing),
                checksums: checksums, rejectsRepetition: rejectsRepetition)
            if head.expectsContinue { self.sendContinue() }
            self.state = .receiving(upload)
            self.restartWatch()
        } catch let rejection as StorageRejection {
            self.environment.metrics.uploaded(.rejected)
            self.reject(exchange, rejection, unreadBody: head.hasBody)
        } catch let error as StorageError {
            let rejection = StorageRejection(error)
            self.environment.metrics.uploaded(rejection.status.rawValue >= 500 ? .failed : .rejected)
            self.reject(exchange, rejection, unreadBody: head.hasBody)
        } catch {
            self.environment.metrics.uploaded(.failed)
            self.reject(exchange, StorageRejection(.failed("\(error)")), unreadBody: head.hasBody)
        }
    }

    private static func checkEncoding(_ request: ReceivedRequest) throws(StorageRejection) {
        guard let received = request.joinedText(of: "content-encoding"), !ContentCoding.isIdentity(received) else {
            return
        }
        throw .encoded(received)
    }

    /// Holds an upload to the declared type.
    ///
    /// Without a type it is taken as declared; a type that is signed has to be there, which the signature has shown.
    private static func checkType(
        _ request: ReceivedRequest, _ declaration: UploadDeclaration
    ) throws(StorageRejection) {
        // Two types joined are no type.
        guard let received = request.joinedText(of: "content-type") else { return }
        guard let mediaType = MediaType(received), declaration.mediaType.accepts(mediaType) else {
            throw .typeMismatch(expected: declaration.mediaType.text, received: received)
        }
    }

    private func checkLength(
        _ framing: RequestHead.Framing, _ declaration: UploadDeclaration
    ) throws(StorageRejection) {
        let maximum = self.environment.verifier.policy.maximumSize
        let length: Int64
        switch framing {
        case .chunked: return
        case .none: length = 0
        case .length(let announced): length = announced
        }
        guard length <= maximum.bytes else { throw .tooLarge(maximum: maximum, received: length) }
        guard length == declaration.size.bytes else {
            throw .lengthMismatch(expected: declaration.size.bytes, received: length)
        }
    }

    // MARK: Towards the disk

    /// Carries out what the machine decided.
    func perform(_ action: UploadMachine.Action, _ upload: Upload) {
        switch action {
        case .none: break
        case .write(let batch): self.write(batch, upload)
        case .seal(let batch): self.seal(batch, upload)
        }
    }

    private func write(_ batch: ByteBuffer, _ upload: Upload) {
        guard let context else { return }
        let bound = NIOLoopBound((self, upload), eventLoop: context.eventLoop)
        let written = self.environment.store.append(batch, to: upload.staged, on: context.eventLoop)
        written.whenComplete { result in
            let (connection, upload) = bound.value
            connection.wrote(result, upload)
        }
    }

    private func wrote(_ result: Result<Void, any Error>, _ upload: Upload) {
        // Refused meanwhile, or the client went away: there is nothing left to do.
        guard !upload.isAbandoned else { return }
        switch result {
        case .success:
            self.perform(upload.machine.writeFinished(), upload)
            self.process()
            self.readIfWanted()
        case .failure(let error):
            // Where the whole body has arrived meanwhile, there is nothing unread.
            let isReceiving = if case .receiving = self.state { true } else { false }
            self.fail(upload, error, unreadBody: isReceiving)
        }
    }

    private func seal(_ batch: ByteBuffer, _ upload: Upload) {
        guard let context else { return }
        let bound = NIOLoopBound((self, upload), eventLoop: context.eventLoop)
        let sealed = self.environment.store.seal(
            upload.staged, last: batch, trailing: upload.trailing, upload.record, now: self.environment.clock.now,
            on: context.eventLoop)
        sealed.whenComplete { result in
            let (connection, upload) = bound.value
            switch result {
            case .success(let sealed) where sealed.isRepetition && upload.rejectsRepetition:
                connection.environment.metrics.uploaded(.rejected)
                connection.reject(upload.exchange, .preconditionFailed("If-None-Match"), unreadBody: false)
            case .success(let sealed): connection.respond(sealed, upload)
            case .failure(let error): connection.fail(upload, error, unreadBody: false)
            }
        }
    }

    private func respond(_ sealed: FileStore.Sealed, _ upload: Upload) {
        self.environment.metrics.uploaded(sealed.isRepetition ? .repeated : .sealed)
        guard self.context != nil else { return }
        let exchange = upload.exchange
        let buffer = self.group.beginResponse(.ok, exchange)
        buffer.write(literal: "Content-Length: 0\r\n")
        buffer.writeEntityTag(upload.record.id)
        buffer.writeField("x-amz-checksum-sha256", Base64.encode(sealed.sha256.bytes))
        buffer.endHead(keepsAlive: self.keepsAlive(exchange))
        self.send(buffer)
        self.finish(exchange, .ok)
    }

    private func fail(_ upload: Upload, _ error: any Error, unreadBody: Bool) {
        let rejection = StorageRejection((error as? StorageError) ?? .failed("\(error)"))
        upload.abandon(self.environment.metrics, rejection)
        guard case .closed = self.state else {
            return self.reject(upload.exchange, rejection, unreadBody: unreadBody)
        }
    }
}
