import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import NIOCore

/// From a grant to a stored file.
extension StorageConnection {
    func upload(_ grant: UploadGrant, _ exchange: Exchange, _ head: RequestHead) {
        switch self.environment.uploads.find(grant, now: exchange.now) {
        case .now(let declared): self.begin(declared, exchange, head)
        case .later(let pending): self.wait(for: pending, exchange) { $0.begin($1, exchange, head) }
        }
    }

    /// Checks everything that the head can tell, then lets the body come.
    private func begin(
        _ declared: Result<DeclaredUpload, StorageError>, _ exchange: Exchange, _ head: RequestHead
    ) {
        do {
            let declared = try declared.get()
            let record = declared.record
            self.access?.note(record.organization)
            let request = try UploadRequest(
                head, record, maximumSize: self.environment.verifier.policy.maximumSize)
            let staged = try self.environment.uploads.begin(
                declared, checksums: request.checksums.checksums, algorithms: request.checksums.algorithms)
            if head.expectsContinue { self.sendContinue() }
            self.upload = Upload(exchange, staged: staged, request)
            self.machine.uploadAccepted(declaredSize: record.declaration.size.bytes, self.group.tick)
        } catch {
            let rejection = StorageRejection.of(error)
            let isOurs = !(error is StorageRejection) && rejection.status.rawValue >= 500
            self.environment.metrics.uploaded(isOurs ? .failed : .rejected)
            self.reject(exchange, rejection)
        }
    }

    /// Reads the checksums in the trailers of a complete body, then seals the file.
    func readTrailers(_ lines: [[UInt8]], _ upload: Upload) {
        do throws(StorageRejection) {
            try upload.readTrailers(lines)
            self.perform(self.machine.trailersAccepted(), upload)
        } catch {
            self.reject(upload.exchange, error)
        }
    }

    // MARK: Towards the disk

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
        let written = upload.staged.append(batch, on: context.eventLoop)
        written.whenComplete { result in
            let (connection, upload) = bound.value
            connection.wrote(result, upload)
        }
    }

    private func wrote(_ result: Result<Void, any Error>, _ upload: Upload) {
        // Rejected meanwhile, or the client has gone: there is nothing left to do.
        guard !upload.isAbandoned else { return }
        switch result {
        case .success:
            self.perform(self.machine.writeFinished(), upload)
            self.continueProcessing()
        case .failure(let error): self.fail(upload, error)
        }
    }

    private func seal(_ batch: ByteBuffer, _ upload: Upload) {
        guard let context else { return }
        let bound = NIOLoopBound((self, upload), eventLoop: context.eventLoop)
        let sealed = upload.staged.publish(
            last: batch, trailing: upload.trailing, now: self.environment.clock.now, on: context.eventLoop)
        sealed.whenComplete { result in
            let (connection, upload) = bound.value
            switch result {
            case .success(let sealed) where sealed.isRepetition && upload.request.rejectsRepetition:
                connection.fail(upload, StorageRejection.preconditionFailed("If-None-Match"))
            case .success(let sealed): connection.respond(sealed, upload)
            case .failure(let error): connection.fail(upload, error)
            }
        }
    }

    private func respond(_ sealed: Publication, _ upload: Upload) {
        self.environment.metrics.uploaded(sealed.isRepetition ? .repeated : .sealed)
        guard self.context != nil else { return }
        let buffer = self.group.beginResponse(.ok, upload.exchange)
        buffer.write(literal: "Content-Length: 0\r\n")
        buffer.writeEntityTag(upload.record.id)
        buffer.writeField("x-amz-checksum-sha256", Base64.encode(sealed.sha256.bytes))
        buffer.endHead(keepsAlive: self.machine.keepsAlive)
        self.send(buffer)
        self.finish(upload.exchange, .ok)
    }

    /// Rejects an upload; it is counted even where the connection has closed meanwhile.
    private func fail(_ upload: Upload, _ error: any Error) {
        let rejection = StorageRejection.of(error)
        upload.abandon(self.environment.metrics, rejection)
        self.reject(upload.exchange, rejection)
    }
}
