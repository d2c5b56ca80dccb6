import CloakroomStore
import NIOCore

/// A body on its way from a file to the socket.
final class FileTransfer {
    let reader: BlobReader
    /// Where the kernel can send the bytes from by itself: not where they are hashed on their way.
    let fileRange: FileRange?
    let blob: any OpenBlob
    /// What has not gone out yet.
    private(set) var range: Range<Int64>
    let exchange: StorageConnection.Exchange
    let status: HTTPStatus
    /// Made when the channel has to wait for the client; the descriptor stays the blob's.
    private var handle: NIOFileHandle?

    init(
        _ blob: any OpenBlob, _ selection: DownloadSelection, _ exchange: StorageConnection.Exchange,
        from downloads: Downloads
    ) {
        let verifies = selection.isWhole && downloads.needsVerification(blob)
        self.reader = downloads.reader(blob, verifies: verifies)
        self.fileRange = verifies ? nil : blob.fileRange.flatMap { $0.mustBeCopied ? nil : $0 }
        self.blob = blob
        self.range = selection.range
        self.exchange = exchange
        self.status = selection.status
    }

    deinit {
        _ = try? self.handle?.takeDescriptorOwnership()
    }

    /// Bytes of the body have gone out.
    func advance(by count: Int64) {
        self.range = (self.range.lowerBound + count)..<self.range.upperBound
    }

    func region(_ range: Range<Int64>, of file: FileRange) -> FileRegion {
        let handle = self.handle ?? NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: file.descriptor)
        self.handle = handle
        return FileRegion(
            fileHandle: handle, readerIndex: Int(file.offset + range.lowerBound),
            endIndex: Int(file.offset + range.upperBound))
    }
}
