import CloakroomDomain
import CloakroomStorage
import NIOCore

extension StorageConnection {
    /// Up to so many bytes of a body go out in one write with the head.
    static let singleWriteLength = 16 * 1_024
    /// Larger bodies go from the page cache to the socket in pieces of so many bytes.
    static let pieceLength = 1_024 * 1_024
    /// Bytes that the disk has to be waited for are read so many at a time.
    static let coldPieceLength = 256 * 1_024

    /// What a GET or HEAD selects of a blob.
    private struct Selection {
        let status: HTTPStatus
        let range: Range<Int64>
        let size: ByteCount
    }

    func download(_ grant: DownloadGrant, _ exchange: Exchange, _ head: RequestHead) {
        do {
            let blob = try self.environment.store.open(grant, now: exchange.now)
            self.access?.note(blob.organization)
            // Whatever is said of a small body is said once its bytes are known to be right.
            if blob.needsLoading { return self.load(blob, grant, exchange, head) }
            try self.respond(blob, grant, exchange, head)
        } catch {
            self.reject(exchange, Self.rejection(error), unreadBody: head.hasBody)
        }
    }

    /// Loads a body on a thread that may wait for the disk, and goes on when it has been verified.
    private func load(_ blob: OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, _ head: RequestHead) {
        guard let context else { return }
        let store = self.environment.store
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.makeFutureWithTask { try await store.load(blob) }.whenComplete { result in
            let connection = bound.value
            // The client has gone.
            guard connection.context != nil else { return }
            do {
                try result.get()
                try connection.respond(blob, grant, exchange, head)
            } catch {
                connection.reject(exchange, Self.rejection(error), unreadBody: head.hasBody)
            }
        }
    }

    private static func rejection(_ error: any Error) -> StorageRejection {
        switch error {
        case let rejection as StorageRejection: rejection
        case let error as StorageError: StorageRejection(error)
        default: StorageRejection(.failed("\(error)"))
        }
    }

    private func respond(
        _ blob: OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, _ head: RequestHead
    ) throws(StorageRejection) {
        switch try Self.select(blob, grant.fileID, head.request) {
        case .none: self.respondNotModified(blob, grant, exchange, unreadBody: head.hasBody)
        case .some(let selection):
            let contentType = grant.contentType ?? blob.representation.contentType
            let content = ContentKind(contentType: contentType)
            let buffer = self.group.beginResponse(selection.status, exchange, content: content)
            buffer.writeField("Content-Type", contentType)
            Self.writeSelection(selection, grant.fileID, into: buffer)
            Self.writeCaching(blob, grant, exchange, into: buffer)
            let disposition = grant.contentDisposition ?? blob.representation.contentDisposition
            if let disposition = content.disposition(disposition) {
                buffer.writeField("Content-Disposition", disposition)
            }
            if let language = grant.contentLanguage { buffer.writeField("Content-Language", language) }
            buffer.endHead(keepsAlive: self.keepsAlive(exchange, unreadBody: head.hasBody))
            self.send(blob, selection, head: buffer, exchange, unreadBody: head.hasBody)
        }
    }

    /// Evaluates the conditional and range fields; `nil` for 304.
    private static func select(
        _ blob: OpenBlob, _ id: FileID, _ request: ReceivedRequest
    ) throws(StorageRejection) -> Selection? {
        let size = blob.size
        let whole = Selection(status: .ok, range: 0..<size.bytes, size: size)
        guard Preconditions.fieldNames.contains(where: { request.contains($0) }) else { return whole }
        let validators = Preconditions.Validators(id, lastModified: blob.representation.uploadedAt)
        let preconditions = Preconditions(
            ifMatch: request.joinedText(of: "if-match"), ifNoneMatch: request.joinedText(of: "if-none-match"),
            ifModifiedSince: request.joinedText(of: "if-modified-since"),
            ifUnmodifiedSince: request.joinedText(of: "if-unmodified-since"),
            ifRange: request.joinedText(of: "if-range"))
        switch preconditions.evaluate(validators) {
        case .notModified: return nil
        case .failed:
            throw StorageRejection(
                .preconditionFailed, "PreconditionFailed",
                "The ETag of the file is not in If-Match, or the file was uploaded after If-Unmodified-Since.")
        case .proceed: break
        }
        let field = preconditions.allowsRange(validators) ? request.joinedText(of: "range") : nil
        switch ByteRange(field: field, size: size) {
        case .whole: return whole
        case .part(let range): return Selection(status: .partialContent, range: range, size: size)
        case .unsatisfiable:
            var rejection = StorageRejection(
                .rangeNotSatisfiable, "InvalidRange", "The range is outside the file.",
                [.init("ActualObjectSize", "\(size)")])
            rejection.fields = [.init("Content-Range", "bytes */\(size)")]
            throw rejection
        }
    }

    private static func writeSelection(_ selection: Selection, _ id: FileID, into buffer: ResponseBuffer) {
        let range = selection.range
        buffer.writeField("Content-Length", range.count)
        if selection.status == .partialContent {
            buffer.writeField("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(selection.size)")
        }
        buffer.writeEntityTag(id)
        buffer.write(literal: "Accept-Ranges: bytes\r\n")
    }

    /// Writes what caches go by: `Last-Modified`, `Cache-Control`, and `Expires` where the URL has one.
    private static func writeCaching(
        _ blob: OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, into buffer: ResponseBuffer
    ) {
        buffer.writeField("Last-Modified", blob.representation.lastModified)
        if let expires = grant.expires { buffer.writeField("Expires", expires) }
        if let cacheControl = grant.cacheControl { return buffer.writeField("Cache-Control", cacheControl) }
        let rest = max(0, grant.expiresAt.secondsSinceEpoch - exchange.now.secondsSinceEpoch)
        buffer.write(literal: "Cache-Control: private, max-age=")
        buffer.write(decimal: Int(rest))
        buffer.write(literal: "\r\n")
    }

    private func respondNotModified(_ blob: OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, unreadBody: Bool) {
        // A browser takes the policy of a 304 for what it has in its cache (RFC 9111 §3.2).
        let content = ContentKind(contentType: grant.contentType ?? blob.representation.contentType)
        let buffer = self.group.beginResponse(.notModified, exchange, content: content)
        buffer.writeEntityTag(grant.fileID)
        Self.writeCaching(blob, grant, exchange, into: buffer)
        buffer.endHead(keepsAlive: self.keepsAlive(exchange, unreadBody: unreadBody))
        self.send(buffer)
        self.finish(exchange, .notModified, unreadBody: unreadBody)
    }

    // MARK: Bodies

    private func send(
        _ blob: OpenBlob, _ selection: Selection, head: ResponseBuffer, _ exchange: Exchange, unreadBody: Bool
    ) {
        guard !exchange.isHead, !selection.range.isEmpty else {
            self.send(head)
            return self.finish(exchange, selection.status, unreadBody: unreadBody)
        }
        if self.sendAtOnce(blob, selection.range, head: head) {
            return self.finish(exchange, selection.status, unreadBody: unreadBody)
        }
        self.access?.note(status: selection.status.rawValue)
        self.send(head, continues: true)
        let isWhole = selection.range.count == selection.size.bytes
        let verifies = isWhole && self.environment.store.needsVerification(blob)
        self.sendNextPiece(
            FileTransfer(
                reader: self.environment.store.reader(blob, verifies: verifies), verifies: verifies, blob: blob,
                range: selection.range, exchange: exchange, status: selection.status, unreadBody: unreadBody))
    }

    /// Sends a small body with its head, if it is in memory.
    private func sendAtOnce(_ blob: OpenBlob, _ range: Range<Int64>, head: ResponseBuffer) -> Bool {
        guard range.count <= Self.singleWriteLength || blob.mustBeCopied else { return false }
        if blob.withKeptBytes(range, { self.send(head, body: $0) }) != nil { return true }
        let read = Self.readCached(blob, into: head, count: range.count, range.lowerBound)
        guard read == range.count else {
            head.removeLast(read)
            return false
        }
        self.send(head)
        return true
    }

    /// Reads what is in memory; 0 where the disk would have to be waited for.
    private static func readCached(_ blob: OpenBlob, into buffer: ResponseBuffer, count: Int, _ offset: Int64) -> Int {
        var read = 0
        buffer.write(atMost: count) { room in
            if case .bytes(let count) = try? blob.readCached(into: room, offset: offset) { read = count }
            return read
        }
        return read
    }

    /// A body on its way from a file to the socket.
    final class FileTransfer {
        let reader: BlobReader
        /// Whether the bytes are hashed on their way: then the kernel cannot send them by itself.
        let verifies: Bool
        let blob: OpenBlob
        var range: Range<Int64>
        let exchange: Exchange
        let status: HTTPStatus
        let unreadBody: Bool
        /// Made when the channel has to wait for the client; the descriptor stays the blob's.
        private(set) lazy var handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: self.blob.rawDescriptor)
        private var hasHandle = false

        init(
            reader: BlobReader, verifies: Bool, blob: OpenBlob, range: Range<Int64>, exchange: Exchange,
            status: HTTPStatus, unreadBody: Bool
        ) {
            self.reader = reader
            self.verifies = verifies
            self.blob = blob
            self.range = range
            self.exchange = exchange
            self.status = status
            self.unreadBody = unreadBody
        }

        deinit {
            if self.hasHandle { _ = try? self.handle.takeDescriptorOwnership() }
        }

        func region(_ range: Range<Int64>) -> FileRegion {
            self.hasHandle = true
            return FileRegion(
                fileHandle: self.handle, readerIndex: Int(self.blob.fileOffset + range.lowerBound),
                endIndex: Int(self.blob.fileOffset + range.upperBound))
        }
    }

    /// Sends the next piece when the one before it has gone out, so that a slow client is noticed.
    private func sendNextPiece(_ transfer: FileTransfer) {
        guard let context else { return }
        guard !transfer.range.isEmpty else {
            return self.finish(transfer.exchange, transfer.status, unreadBody: transfer.unreadBody)
        }
        let end = min(transfer.range.upperBound, transfer.range.lowerBound + Int64(Self.pieceLength))
        guard !transfer.verifies, !transfer.blob.mustBeCopied, transfer.blob.isCached(transfer.range.lowerBound..<end)
        else {
            return self.readNextPiece(transfer)
        }
        let taken = Int64(self.sendNow(transfer.blob, transfer.range.lowerBound..<end))
        self.take(taken, of: transfer)
        let rest = transfer.range.lowerBound..<end
        if transfer.range.isEmpty {
            self.sendNextPiece(transfer)
        } else if rest.isEmpty {
            // The others on this event loop have their turn.
            let bound = NIOLoopBound((self, transfer), eventLoop: context.eventLoop)
            context.eventLoop.execute { bound.value.0.sendNextPiece(bound.value.1) }
        } else {
            self.queue(.fileRegion(transfer.region(rest))) { connection in
                connection.take(Int64(rest.count), of: transfer)
                connection.sendNextPiece(transfer)
            }
        }
    }

    /// Notes bytes of a body that have gone out.
    private func take(_ count: Int64, of transfer: FileTransfer) {
        self.sent(count)
        transfer.range = (transfer.range.lowerBound + count)..<transfer.range.upperBound
    }

    /// Reads a piece that is not in memory on a thread that may wait for the disk, and sends it.
    private func readNextPiece(_ transfer: FileTransfer) {
        guard let context else { return }
        let start = transfer.range.lowerBound
        let range = start..<min(transfer.range.upperBound, start + Int64(Self.coldPieceLength))
        let reader = transfer.reader
        let bound = NIOLoopBound((self, transfer), eventLoop: context.eventLoop)
        context.eventLoop.makeFutureWithTask { try await reader.read(range) }.whenComplete { result in
            let (connection, transfer) = bound.value
            switch result {
            case .success(let bytes):
                connection.queue(.byteBuffer(bytes)) { connection in
                    connection.take(Int64(range.count), of: transfer)
                    connection.sendNextPiece(transfer)
                }
            case .failure(let error):
                // Half an answer has gone out: only its breaking off says that it is not whole.
                connection.logFailure("\(error)", transfer.exchange)
                connection.context?.close(promise: nil)
            }
        }
    }
}
