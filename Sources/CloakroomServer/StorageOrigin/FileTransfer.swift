import CloakroomStorage
import NIOCore

/// A body on its way from a file to the socket.
final class FileTransfer {
    let reader: BlobReader
    /// Whether the bytes are hashed on their way: then the kernel cannot send them by itself.
    let verifies: Bool
    let blob: OpenBlob
    /// What has not gone out yet.
    private(set) var range: Range<Int64>
    let exchange: StorageConnection.Exchange
    let status: HTTPStatus
    /// Made when the channel has to wait for the client; the descriptor stays the blob's.
    private lazy var handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: self.blob.rawDescriptor)
    private var hasHandle = false

    init(
        _ blob: OpenBlob, _ selection: DownloadSelection, _ exchange: StorageConnection.Exchange, from store: FileStore
    ) {
        self.verifies = selection.isWhole && store.needsVerification(blob)
        self.reader = store.reader(blob, verifies: self.verifies)
        self.blob = blob
        self.range = selection.range
        self.exchange = exchange
        self.status = selection.status
    }

    deinit {
        if self.hasHandle { _ = try? self.handle.takeDescriptorOwnership() }
    }

    /// Bytes of the body have gone out.
    func advance(by count: Int64) {
        self.range = (self.range.lowerBound + count)..<self.range.upperBound
    }

    func region(_ range: Range<Int64>) -> FileRegion {
        self.hasHandle = true
        return FileRegion(
            fileHandle: self.handle, readerIndex: Int(self.blob.fileOffset + range.lowerBound),
            endIndex: Int(self.blob.fileOffset + range.upperBound))
    }
}
