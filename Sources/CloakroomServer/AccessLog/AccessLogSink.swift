import Glibc

/// The open file of the access log; used by one thread at a time, which may have to wait.
struct AccessLogSink: ~Copyable {
    private let destination: AccessLogDestination
    private var descriptor: Int32
    /// Whether a line was written in part, so that the next one has to begin on a line of its own.
    private var isTorn = false

    /// Opens the file, and creates it readable only by its owner.
    init(_ destination: AccessLogDestination) throws(AccessLogError) {
        self.descriptor = try Self.open(destination)
        self.destination = destination
    }

    deinit {
        Glibc.close(self.descriptor)
    }

    /// Opens the file again by its name.
    mutating func reopen() throws(AccessLogError) {
        let descriptor = try Self.open(self.destination)
        Glibc.close(self.descriptor)
        self.descriptor = descriptor
        self.isTorn = false
    }

    private static func open(_ destination: AccessLogDestination) throws(AccessLogError) -> Int32 {
        guard case .file(let path) = destination else {
            let descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0 else { throw Self.error(destination) }
            return descriptor
        }
        // Opening a pipe without a reader fails instead of waiting; writing waits.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Self.error(destination) }
        guard fcntl(descriptor, F_SETFL, O_APPEND) == 0 else {
            defer { Glibc.close(descriptor) }
            throw Self.error(destination)
        }
        return descriptor
    }

    private static func error(_ destination: AccessLogDestination) -> AccessLogError {
        let name = if case .file(let path) = destination { path } else { "standard output" }
        let reason = errno == ENXIO ? "nothing reads this pipe, or it is a socket" : String(cString: strerror(errno))
        return AccessLogError(description: "access-log \(name) cannot be written: \(reason)")
    }

    /// What became of some lines.
    struct Written {
        /// Why not all of them were written.
        let error: AccessLogError?
        /// How many were not written whole.
        let lostLines: Int
    }

    /// Writes lines, each of which ends with a line feed.
    mutating func write(_ lines: [UInt8]) -> Written {
        let bytes = self.isTorn ? [UInt8(ascii: "\n")] + lines : lines
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // Standard output may be a pipe that somebody else has made non-blocking.
                var request = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&request, 1, -1)
                continue
            }
            guard count > 0 else { return self.lost(bytes[written...], after: bytes[..<written]) }
            written += count
        }
        self.isTorn = false
        return Written(error: nil, lostLines: 0)
    }

    private mutating func lost(_ rest: ArraySlice<UInt8>, after written: ArraySlice<UInt8>) -> Written {
        let error = Self.error(self.destination)
        // The line feed that ends a torn line is none of these lines.
        let separators = self.isTorn && written.isEmpty ? 1 : 0
        if let last = written.last { self.isTorn = last != UInt8(ascii: "\n") }
        return Written(error: error, lostLines: rest.count { $0 == UInt8(ascii: "\n") } - separators)
    }
}
