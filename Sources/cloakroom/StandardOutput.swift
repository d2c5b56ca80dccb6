import Glibc

/// Standard output, which a script reads.
///
/// Each line is written at once, and a line that cannot be written is an error.
enum StandardOutput {
    struct WriteError: Error, CustomStringConvertible {
        /// What went wrong, without the stream.
        let reason: String
        var description: String { "standard output: \(self.reason)" }

        init(code: Int32) {
            self.reason = String(cString: strerror(code))
        }
    }

    /// A pipe that has room takes so many bytes without blocking (`PIPE_BUF`).
    private static let partLength = 4_096
    /// How long to wait for room before looking whether the task has been cancelled, in milliseconds.
    private static let waitMilliseconds: Int32 = 100

    static func print(_ line: String) throws(WriteError) {
        let bytes = Array((line + "\n").utf8)
        // The array's bytes are readable for the call.
        let outcome = bytes.withUnsafeBytes { bytes in Result { () throws(WriteError) in try self.write(bytes) } }
        try outcome.get()
    }

    /// Writes bytes.
    ///
    /// While a reader makes it wait, cancelling the task ends it.
    static func write(_ bytes: UnsafeRawBufferPointer) throws(WriteError) {
        var done = 0
        while done < bytes.count {
            guard try self.hasRoom() else { continue }
            let part = bytes[done..<min(bytes.count, done + self.partLength)]
            let count = Glibc.write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: part).baseAddress, part.count)
            guard count >= 0 || [EINTR, EAGAIN].contains(errno) else { throw WriteError(code: errno) }
            done += max(0, count)
        }
    }

    /// Waits for room, or for an error that the next write reports; `false` where it has to wait on.
    private static func hasRoom() throws(WriteError) -> Bool {
        guard !Task.isCancelled else { throw WriteError(code: ECANCELED) }
        var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        return poll(&output, 1, self.waitMilliseconds) > 0
    }
}
