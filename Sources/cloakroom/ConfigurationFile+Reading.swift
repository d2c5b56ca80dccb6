import Glibc

extension ConfigurationFile {
    private static let maximumSize = 1_048_576

    /// Reads the file of `serve`, which must be there.
    init(ofServe path: String) throws(ConfigurationError) {
        guard let (content, _) = try Self.read(path) else {
            throw Self.failure(path, ENOENT)
        }
        try self.init(content, path: path, keys: ConfigurationKey.ofServe)
    }

    /// Reads the file of the commands that talk to a service; gives `nil` if it is missing.
    init?(ofClient path: String) throws(ConfigurationError) {
        // Whoever can write it chooses the server that gets the key, and whoever can read it has the key.
        guard let (content, status) = try Self.read(path) else { return nil }
        guard [0, geteuid()].contains(status.st_uid) || geteuid() == 0 else {
            throw ConfigurationError(file: path, "it belongs to another user")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw ConfigurationError(file: path, "it is writable by other users; use chmod 600")
        }
        try self.init(content, path: path, keys: ConfigurationKey.ofClient)
        guard !self.contains(.key) || status.st_mode & 0o077 == 0 else {
            throw ConfigurationError(file: path, "it contains an API key and is readable by other users; use chmod 600")
        }
    }

    /// Reads a regular file; opening never waits, as for a FIFO's writer.
    private static func read(_ path: String) throws(ConfigurationError) -> (content: [UInt8], status: stat)? {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            var status = stat()
            // A link to a file that is missing is no missing file.
            if [ENOENT, ENOTDIR].contains(code), lstat(path, &status) != 0 { return nil }
            throw self.failure(path, code)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw self.failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "not a regular file"
            throw ConfigurationError(file: path, "it is \(kind); it must be a file that contains a JSON object")
        }
        return (try self.content(of: descriptor, path), status)
    }

    private static func content(of descriptor: Int32, _ path: String) throws(ConfigurationError) -> [UInt8] {
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            // The buffer is the array's for the call.
            let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw self.failure(path, errno) }
            guard count > 0 else { return content }
            content += part[..<count]
            guard content.count <= self.maximumSize else {
                throw ConfigurationError(file: path, "it is larger than \(self.maximumSize) bytes")
            }
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> ConfigurationError {
        ConfigurationError(file: path, "it cannot be read: \(String(cString: strerror(code)))")
    }
}
