import CloakroomDomain
import CloakroomStorage
import NIOCore

extension StorageConnection {
    /// Up to so many bytes of a body go out in one write with the head.
    static let singleWriteLength = 64 * 1_024
    /// Larger bodies go from the page cache to the socket in pieces of so many bytes.
    static let pieceLength = 1_024 * 1_024

    /// What a GET or HEAD selects of a blob.
    private struct Selection {
        let status: HTTPStatus
        let range: Range<Int64>
        let size: ByteCount
        let entityTag: String
    }

    func download(_ grant: DownloadGrant, _ exchange: Exchange, _ head: RequestHead) {
        do {
            let blob = try self.environment.store.open(grant)
            let entityTag = "\"\(grant.fileID)\""
            switch try Self.select(blob.size, entityTag: entityTag, head.request) {
            case .none: self.answerNotModified(grant, exchange, entityTag, unreadBody: head.hasBody)
            case .some(let selection):
                let buffer = try self.responseHead(grant, exchange, selection, unreadBody: head.hasBody)
                self.send(blob, selection, head: buffer, exchange, unreadBody: head.hasBody)
            }
        } catch let refusal as StorageRefusal {
            self.refuse(exchange, refusal, unreadBody: head.hasBody)
        } catch let error as StorageError {
            self.refuse(exchange, StorageRefusal(error), unreadBody: head.hasBody)
        } catch {
            self.refuse(exchange, StorageRefusal(.failed("\(error)")), unreadBody: head.hasBody)
        }
    }

    /// Evaluates the conditional and range fields; `nil` for 304.
    private static func select(
        _ size: ByteCount, entityTag: String, _ request: ReceivedRequest
    ) throws(StorageRefusal) -> Selection? {
        let preconditions = Preconditions(
            ifMatch: request.joinedText(of: "if-match"), ifNoneMatch: request.joinedText(of: "if-none-match"),
            ifRange: request.firstText(of: "if-range"))
        switch preconditions.evaluate(entityTag: entityTag) {
        case .notModified: return nil
        case .failed:
            throw StorageRefusal(.preconditionFailed, "PreconditionFailed", "The file's ETag is not one of If-Match.")
        case .proceed: break
        }
        let field = preconditions.allowsRange(entityTag: entityTag) ? request.firstText(of: "range") : nil
        switch ByteRange(field: field, size: size) {
        case .whole:
            return Selection(status: .ok, range: 0..<size.bytes, size: size, entityTag: entityTag)
        case .part(let range):
            return Selection(status: .partialContent, range: range, size: size, entityTag: entityTag)
        case .unsatisfiable:
            var refusal = StorageRefusal(
                .rangeNotSatisfiable, "InvalidRange", "The range lies outside the file.",
                [.init("ActualObjectSize", "\(size)")])
            refusal.fields = [.init("Content-Range", "bytes */\(size)")]
            throw refusal
        }
    }

    private func responseHead(
        _ grant: DownloadGrant, _ exchange: Exchange, _ selection: Selection, unreadBody: Bool
    ) throws(StorageError) -> ByteBuffer {
        let length = selection.range.count
        let inBody = exchange.isHead ? 0 : min(length, Self.singleWriteLength)
        var buffer = self.allocate(1_024 + inBody)
        self.headWriter.begin(selection.status, requestID: exchange.requestID, now: exchange.now, into: &buffer)
        let (contentType, disposition) = try self.representation(grant)
        buffer.writeField("Content-Type", contentType)
        buffer.writeField("Content-Length", length)
        if selection.status == .partialContent {
            let range = selection.range
            buffer.writeField("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(selection.size)")
        }
        buffer.writeField("ETag", selection.entityTag)
        buffer.writeStaticString("Accept-Ranges: bytes\r\n")
        self.writeCacheControl(grant, exchange, into: &buffer)
        if let disposition = ActiveContent.disposition(disposition, contentType: contentType) {
            buffer.writeField("Content-Disposition", disposition)
        }
        buffer.endHead(keepsAlive: self.keepsAlive(exchange, unreadBody: unreadBody))
        return buffer
    }

    private func allocate(_ capacity: Int) -> ByteBuffer {
        self.context?.channel.allocator.buffer(capacity: capacity) ?? ByteBuffer()
    }

    /// The URL says the media type and disposition; one that another signer made without them is looked up.
    private func representation(_ grant: DownloadGrant) throws(StorageError) -> (type: String, disposition: String?) {
        if let contentType = grant.contentType { return (contentType, grant.contentDisposition) }
        guard let declaration = try self.environment.store.record(grant)?.declaration else {
            return ("application/octet-stream", grant.contentDisposition)
        }
        let disposition = grant.contentDisposition ?? ContentDisposition(filename: declaration.filename).fieldValue
        return (declaration.mediaType.text, disposition)
    }

    private func writeCacheControl(_ grant: DownloadGrant, _ exchange: Exchange, into buffer: inout ByteBuffer) {
        let rest = max(0, grant.expiresAt.secondsSinceEpoch - exchange.now.secondsSinceEpoch)
        buffer.writeField("Cache-Control", grant.cacheControl ?? "private, max-age=\(rest)")
    }

    private func answerNotModified(
        _ grant: DownloadGrant, _ exchange: Exchange, _ entityTag: String, unreadBody: Bool
    ) {
        var buffer = self.allocate(512)
        self.headWriter.begin(.notModified, requestID: exchange.requestID, now: exchange.now, into: &buffer)
        buffer.writeField("ETag", entityTag)
        self.writeCacheControl(grant, exchange, into: &buffer)
        buffer.endHead(keepsAlive: self.keepsAlive(exchange, unreadBody: unreadBody))
        self.send(buffer)
        self.finish(exchange, .notModified, unreadBody: unreadBody)
    }

    // MARK: Bodies

    private func send(
        _ blob: consuming OpenBlob, _ selection: Selection, head: ByteBuffer, _ exchange: Exchange, unreadBody: Bool
    ) {
        guard !exchange.isHead, !selection.range.isEmpty else {
            self.send(head)
            return self.finish(exchange, selection.status, unreadBody: unreadBody)
        }
        var buffer = head
        let first = min(selection.range.count, Self.singleWriteLength)
        let cached = Self.readCached(blob, into: &buffer, count: first, offset: selection.range.lowerBound)
        let offset = selection.range.lowerBound + Int64(cached)
        if offset == selection.range.upperBound {
            self.send(buffer)
            return self.finish(exchange, selection.status, unreadBody: unreadBody)
        }
        let transfer = FileTransfer(
            descriptor: blob.releaseDescriptor(), range: offset..<selection.range.upperBound, exchange: exchange,
            status: selection.status, unreadBody: unreadBody)
        self.sent(Int64(buffer.readableBytes))
        self.context?.write(self.wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
        self.sendNextPiece(transfer)
    }

    /// Reads what is in memory; 0 where the disk would have to be waited for.
    private static func readCached(
        _ blob: borrowing OpenBlob, into buffer: inout ByteBuffer, count: Int, offset: Int64
    ) -> Int {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            // `minimumWritableBytes` makes room for `count` bytes; as many as are returned were written.
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
            guard case .bytes(let read) = try? blob.readCached(into: room, offset: offset) else { return 0 }
            return read
        }
    }

    /// A body on its way from a file to the socket.
    final class FileTransfer {
        let handle: NIOFileHandle
        var range: Range<Int64>
        let exchange: Exchange
        let status: HTTPStatus
        let unreadBody: Bool

        init(descriptor: Int32, range: Range<Int64>, exchange: Exchange, status: HTTPStatus, unreadBody: Bool) {
            // The transfer owns the descriptor from here on and closes it when it goes.
            self.handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
            self.range = range
            self.exchange = exchange
            self.status = status
            self.unreadBody = unreadBody
        }

        deinit {
            try? self.handle.close()
        }
    }

    /// Sends the next piece (`sendfile`) when the one before it has gone out, so that a slow client is noticed.
    private func sendNextPiece(_ transfer: FileTransfer) {
        guard let context else { return }
        guard !transfer.range.isEmpty else {
            return self.finish(transfer.exchange, transfer.status, unreadBody: transfer.unreadBody)
        }
        let end = min(transfer.range.upperBound, transfer.range.lowerBound + Int64(Self.pieceLength))
        let region = FileRegion(
            fileHandle: transfer.handle, readerIndex: Int(transfer.range.lowerBound), endIndex: Int(end))
        let bound = NIOLoopBound((self, transfer), eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(.fileRegion(region))).whenComplete { result in
            let (connection, transfer) = bound.value
            guard case .success = result else { return }
            connection.sent(end - transfer.range.lowerBound)
            transfer.range = end..<transfer.range.upperBound
            connection.sendNextPiece(transfer)
        }
    }
}
