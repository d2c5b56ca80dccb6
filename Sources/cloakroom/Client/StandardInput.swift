import CloakroomClient
import Glibc

/// Standard input, which can be read once, and whose size is known only at its end.
enum StandardInput {
    /// What messages call it.
    static let name = "standard input"
    /// The largest file that a server takes, whatever it is told: 5 GiB.
    private static let maximumLength: Int64 = 5_368_709_120
    private static let partLength = 256 * 1_024
    /// How long to wait for bytes before looking whether the task has been cancelled, in milliseconds.
    private static let waitMilliseconds: Int32 = 100

    /// Copies everything into a file without a name, in `TMPDIR` or `/tmp`, from which it can be sent more than once.
    static func spool() throws(CloakroomError) -> LocalSource {
        let file = try self.makeFile()
        do throws(CloakroomError) {
            try self.copy(to: file)
        } catch {
            close(file)
            throw error
        }
        return try LocalSource(descriptor: file, path: self.name)
    }

    private static var directory: String {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        return directory.isEmpty ? "/tmp" : directory
    }

    private static func makeFile() throws(CloakroomError) -> Int32 {
        var path = Array("\(self.directory)/cloakroom-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw self.failure(errno, "it is copied to \(self.directory) first: ") }
        unlink(path)
        return descriptor
    }

    private static func copy(to file: Int32) throws(CloakroomError) {
        var buffer = [UInt8](repeating: 0, count: self.partLength)
        var total: Int64 = 0
        while true {
            let count = try self.read(into: &buffer)
            if count == 0 { return }
            total += Int64(count)
            guard total <= self.maximumLength else {
                throw .file(path: self.name, reason: "it is longer than \(self.maximumLength) bytes")
            }
            var done = 0
            while done < count {
                // As many bytes as were read, from the front of the buffer.
                let written = buffer[done..<count].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                guard written >= 0 || errno == EINTR else {
                    throw self.failure(errno, "it is copied to \(self.directory) first: ")
                }
                done += max(0, written)
            }
        }
    }

    /// Reads what there is, and waits for it; 0 bytes at the end.
    private static func read(into buffer: inout [UInt8]) throws(CloakroomError) -> Int {
        while true {
            guard !Task.isCancelled else { throw .cancelled }
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, self.waitMilliseconds) > 0 else { continue }
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count >= 0 { return count }
            guard [EINTR, EAGAIN].contains(errno) else { throw self.failure(errno) }
        }
    }

    private static func failure(_ code: Int32, _ context: String = "") -> CloakroomError {
        .file(path: self.name, reason: context + String(cString: strerror(code)))
    }
}
