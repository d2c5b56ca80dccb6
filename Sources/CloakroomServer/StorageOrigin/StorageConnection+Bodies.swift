import CloakroomStore
import NIOCore

/// The bodies of downloads.
extension StorageConnection {
    /// Up to so many bytes of a body go out in one write with the head.
    private static let singleWriteLength = 16 * 1_024
    /// Larger bodies go from the page cache to the socket in pieces of so many bytes.
    private static let pieceLength = 1_024 * 1_024
    /// Bytes that are not in memory are read so many at a time.
    private static let coldPieceLength = 256 * 1_024

    func send(_ blob: any OpenBlob, _ selection: DownloadSelection, head: ResponseBuffer, _ exchange: Exchange) {
        guard !exchange.isHead, !selection.range.isEmpty else {
            self.send(head)
            return self.finish(exchange, selection.status)
        }
        if self.sendAtOnce(blob, selection.range, head: head) { return self.finish(exchange, selection.status) }
        self.access?.note(status: selection.status.rawValue)
        self.send(head, continues: true)
        self.sendNextPiece(FileTransfer(blob, selection, exchange, from: self.environment.downloads))
    }

    /// Sends a small body with its head, if it is in memory.
    private func sendAtOnce(_ blob: any OpenBlob, _ range: Range<Int64>, head: ResponseBuffer) -> Bool {
        guard range.count <= Self.singleWriteLength || blob.fileRange?.mustBeCopied == true else { return false }
        if blob.withKeptBytes(range, { self.send(head, body: $0) }) { return true }
        let read = Self.readCached(blob, into: head, count: range.count, range.lowerBound)
        guard read == range.count else {
            head.removeLast(read)
            return false
        }
        self.send(head)
        return true
    }

    /// Reads what is in memory; 0 where the disk would have to be waited for.
    private static func readCached(_ blob: any OpenBlob, into buffer: ResponseBuffer, count: Int, _ offset: Int64)
        -> Int
    {
        var read = 0
        buffer.write(atMost: count) { room in
            read = (try? blob.readCached(into: room, offset: offset)) ?? 0
            return read
        }
        return read
    }

    /// Sends the next piece when the one before it has gone out, so that a slow client is noticed.
    private func sendNextPiece(_ transfer: FileTransfer) {
        guard let context else { return }
        guard !transfer.range.isEmpty else { return self.finish(transfer.exchange, transfer.status) }
        let end = min(transfer.range.upperBound, transfer.range.lowerBound + Int64(Self.pieceLength))
        guard let file = transfer.fileRange, transfer.blob.isCached(transfer.range.lowerBound..<end)
        else { return self.readNextPiece(transfer) }
        self.take(Int64(self.sendNow(file, transfer.range.lowerBound..<end)), of: transfer)
        let rest = transfer.range.lowerBound..<end
        guard rest.isEmpty else {
            return self.queue(.fileRegion(transfer.region(rest, of: file)), Int64(rest.count), of: transfer)
        }
        guard !transfer.range.isEmpty else { return self.sendNextPiece(transfer) }
        // The others on this event loop have their turn.
        let bound = NIOLoopBound((self, transfer), eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.0.sendNextPiece(bound.value.1) }
    }

    /// Queues a piece in the channel, and sends the next one when it has gone out.
    private func queue(_ piece: IOData, _ count: Int64, of transfer: FileTransfer) {
        self.queue(piece) { connection in
            connection.take(count, of: transfer)
            connection.sendNextPiece(transfer)
        }
    }

    /// Counts bytes of a body that have gone out.
    private func take(_ count: Int64, of transfer: FileTransfer) {
        self.sent(count)
        transfer.advance(by: count)
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
                connection.queue(.byteBuffer(bytes), Int64(range.count), of: transfer)
            case .failure(let error):
                // Half a response has gone out: only a broken connection says that it is incomplete.
                connection.logFailure("\(error)", transfer.exchange)
                connection.context?.close(promise: nil)
            }
        }
    }
}
