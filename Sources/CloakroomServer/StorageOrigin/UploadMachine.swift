import NIOCore

/// Decides when the bytes of an upload go to the disk, and when the connection is read.
///
/// One write is under way at a time. Meanwhile bytes gather for the next; once a batch has gathered, reading stops. So an
/// upload holds at most two batches in memory, however fast the client and slow the disk.
struct UploadMachine {
    /// What to do next.
    enum Action {
        case none
        /// Write this and report ``writeFinished()``.
        case write(ByteBuffer)
        /// Write this, the last one, and seal.
        case seal(ByteBuffer)
    }

    /// Bytes of a batch: large enough that hashing it costs far more than handing it to another thread.
    static let batchLength = 256 * 1_024

    /// Copied from what arrived: a slice of a few bytes would keep its whole buffer.
    private var gathered = ByteBuffer()
    private var isWriting = false
    private var bodyHasEnded = false

    /// Whether the connection should be read.
    var wantsBytes: Bool { !self.bodyHasEnded && self.gathered.readableBytes < Self.batchLength }

    /// Whether the client is what the upload waits for.
    var waitsForClient: Bool { self.wantsBytes && !self.isWriting }

    mutating func received(_ bytes: ByteBuffer) -> Action {
        if self.gathered.readableBytes > 0, self.gathered.capacity < Self.batchLength {
            // A body of more than one piece: room for a whole batch at once, and for the piece that completes it.
            self.gathered.reserveCapacity(Self.batchLength + 64 * 1_024)
        }
        self.gathered.writeImmutableBuffer(bytes)
        return self.next()
    }

    mutating func bodyEnded() -> Action {
        self.bodyHasEnded = true
        return self.next()
    }

    mutating func writeFinished() -> Action {
        self.isWriting = false
        return self.next()
    }

    private mutating func next() -> Action {
        let isDue = self.bodyHasEnded || self.gathered.readableBytes >= Self.batchLength
        guard isDue, !self.isWriting else { return .none }
        self.isWriting = true
        let batch = self.gathered
        self.gathered = ByteBuffer()
        return self.bodyHasEnded ? .seal(batch) : .write(batch)
    }
}
