import CLinux
package import CloakroomDomain
import Glibc
import NIOCore
import NIOPosix

/// A local file whose bytes are sent: opened without waiting for anybody, and the same from the first byte to the last.
package final class LocalSource: Sendable {
    /// What changes where the content does.
    private struct Version: Hashable {
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        init(_ status: cloakroom_status) {
            self.size = status.size
            self.seconds = status.seconds
            self.nanoseconds = status.nanoseconds
        }
    }

    /// What messages call it.
    package let path: String
    /// The size when it was opened.
    package let size: CloakroomDomain.ByteCount
    private let descriptor: CInt
    private let version: Version

    /// Opens a regular file with a byte or more.
    package convenience init(path: String) throws(CloakroomError) {
        // Looked at before it is opened: opening a device may have an effect.
        var status = cloakroom_status()
        guard cloakroom_stat(path, &status) == 0 else { throw .file(path: path, reason: Self.reason(errno, path)) }
        if let kind = LocalFileKind(mode: status.mode) { throw .file(path: path, reason: kind.reason) }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path: path, reason: Self.reason(errno, path)) }
        try self.init(descriptor: descriptor, path: path)
    }

    /// Takes an open file, read from its beginning and closed with this object; messages call it by the path.
    package init(descriptor: CInt, path: String) throws(CloakroomError) {
        var status = cloakroom_status()
        self.descriptor = descriptor
        self.path = path
        let code = cloakroom_fstat(descriptor, &status) == 0 ? 0 : errno
        self.version = Version(status)
        self.size = CloakroomDomain.ByteCount(self.version.size) ?? .zero
        guard code == 0 else { throw .file(path: path, reason: String(cString: strerror(code))) }
        if let kind = LocalFileKind(mode: status.mode) { throw .file(path: path, reason: kind.reason) }
        guard self.size > .zero else {
            throw .file(path: path, reason: "it is empty; a file must have at least one byte")
        }
    }

    deinit {
        close(self.descriptor)
    }

    private static func reason(_ code: CInt, _ path: String) -> String {
        var status = cloakroom_status()
        switch code {
        case ENOENT where cloakroom_lstat(path, &status) == 0: return "it is a symbolic link without a target"
        case ENOENT: return "the file does not exist"
        case EACCES: return "permission denied"
        default: return String(cString: strerror(code))
        }
    }

    /// Passes while the file is what it was when it was opened, as far as its size and time of modification tell.
    package func checkUnchanged() throws(CloakroomError) {
        var status = cloakroom_status()
        guard cloakroom_fstat(self.descriptor, &status) == 0 else {
            throw .file(path: self.path, reason: String(cString: strerror(errno)))
        }
        let now = Version(status)
        guard now != self.version else { return }
        let sizes = now.size == self.version.size ? "" : ", from \(self.version.size) bytes to \(now.size)"
        throw .file(path: self.path, reason: "it changed while it was being sent\(sizes)")
    }

    /// The bytes from the first to the last of the size that it had.
    var parts: Parts { Parts(source: self) }

    fileprivate func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        try await NIOThreadPool.singleton.runIfActive {
            var buffer = ByteBuffer()
            var code: CInt = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
                // The buffer has at least `count` bytes of room, and as many as the call says are written.
                let result = pread(self.descriptor, room.baseAddress, count, off_t(offset))
                code = result < 0 ? errno : 0
                return max(0, result)
            }
            if code == EINTR { return buffer }
            guard code == 0 else {
                throw CloakroomError.file(path: self.path, reason: String(cString: strerror(code)))
            }
            if buffer.readableBytes == 0 { try self.checkUnchanged() }
            guard buffer.readableBytes > 0 else {
                throw CloakroomError.file(path: self.path, reason: "it ends after \(offset) of \(self.size) bytes")
            }
            return buffer
        }
    }

    /// Parts of a file, read one after the other.
    struct Parts: AsyncSequence, Sendable {
        /// Bytes that are read at a time.
        private static let length: Int64 = 256 * 1_024

        let source: LocalSource

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: self.source) }

        struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let source: LocalSource
            private var offset: Int64 = 0

            fileprivate init(source: LocalSource) {
                self.source = source
            }

            mutating func next() async throws -> ByteBuffer? {
                let rest = self.source.size.bytes - self.offset
                guard rest > 0 else { return nil }
                var part = ByteBuffer()
                while part.readableBytes == 0 {
                    part = try await self.source.read(at: self.offset, count: Int(Swift.min(rest, Parts.length)))
                }
                self.offset += Int64(part.readableBytes)
                return part
            }
        }
    }
}
