import Glibc

/// The directory that holds everything that lasts: the catalogue, the blobs and the signing keys.
public final class DataDirectory: Sendable {
    /// The directory cannot be used.
    public struct OpenError: Error, CustomStringConvertible {
        /// What is wrong, for whoever starts the server.
        public let description: String
    }

    private static let lockName = "lock"

    /// The directory's path as it was given.
    public let path: String
    private let descriptor: FileDescriptor
    private let lock: FileDescriptor?

    /// Opens a directory; its server makes it readable by its owner alone.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - creates: Whether to create the directory where it is missing.
    ///   - exclusively: Whether this is the directory's server, of which there is one at a time: an advisory lock
    ///     (`flock`) that the kernel drops with the process.
    /// - Throws: ``OpenError``.
    public init(path: String, creates: Bool = true, exclusively: Bool) throws(OpenError) {
        self.path = path
        do throws(SystemCallError) {
            if creates { try Self.create(path) }
            self.descriptor = try FileDescriptor(at: AT_FDCWD, path, flags: O_RDONLY | O_DIRECTORY)
            self.lock =
                exclusively
                ? try FileDescriptor(at: self.descriptor.rawValue, Self.lockName, flags: O_RDWR | O_CREAT) : nil
        } catch {
            throw OpenError(description: "data directory \(path): \(error)")
        }
        if exclusively { fchmod(self.descriptor.rawValue, 0o700) }
        if exclusively, flock(self.lockDescriptor, LOCK_EX | LOCK_NB) != 0 {
            throw OpenError(description: "data directory \(path) is in use by another server")
        }
    }

    private var lockDescriptor: Int32 {
        switch self.lock {
        case .some(let lock): lock.rawValue
        case .none: -1
        }
    }

    /// Returns the path of an entry.
    ///
    /// - Parameter name: The entry's name.
    /// - Returns: The path of an entry.
    public func path(of name: String) -> String { "\(self.path)/\(name)" }

    /// The descriptor for calls relative to the directory.
    var rawDescriptor: Int32 { self.descriptor.rawValue }

    /// Runs work that reads and replaces a file of the directory, one process at a time.
    ///
    /// The lock is the directory's own and not the one that tells the server.
    ///
    /// - Parameter body: The work.
    /// - Returns: What the work returned.
    /// - Throws: What the work threw.
    public func alone<Value>(_ body: () throws -> Value) throws -> Value {
        flock(self.descriptor.rawValue, LOCK_EX)
        defer { flock(self.descriptor.rawValue, LOCK_UN) }
        return try body()
    }

    /// Makes the creation and renaming of entries durable.
    func synchronize() throws(SystemCallError) {
        try self.descriptor.synchronize()
    }

    private static func create(_ path: String) throws(SystemCallError) {
        guard mkdir(path, 0o700) != 0 else { return }
        switch errno {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw SystemCallError(.mkdirat) }
            try Self.create(String(path[..<slash]))
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemCallError(.mkdirat) }
        default: throw SystemCallError(.mkdirat)
        }
    }

    /// How much room the file system has, in bytes and files, as its unprivileged users see it.
    public func freeSpace() -> (bytes: UInt64, files: UInt64)? {
        var status = statvfs()
        guard fstatvfs(self.descriptor.rawValue, &status) == 0 else { return nil }
        return (UInt64(status.f_bavail) * UInt64(status.f_frsize), UInt64(status.f_favail))
    }
}
