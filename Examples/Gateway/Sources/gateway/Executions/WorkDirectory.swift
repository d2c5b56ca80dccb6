import Foundation

import Glibc

/// A private directory in which an execution's files stand while it goes on.
struct WorkDirectory: Sendable {
    let path: String

    /// Makes a directory that only this user can look into.
    init() throws {
        let path = NSTemporaryDirectory() + "/gateway-" + UUID().uuidString.lowercased()
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        self.path = path
    }

    /// The path of a file; its name is the gateway's own.
    func path(of name: String) -> String {
        self.path + "/" + name
    }

    /// Writes a small file and returns its path.
    func write(_ text: String, to name: String) throws -> String {
        let path = self.path(of: name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The size of a file in bytes, `nil` where there is none.
    func size(of name: String) -> Int64? {
        var status = stat()
        return lstat(self.path(of: name), &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Removes the directory with everything in it.
    func remove() throws {
        try FileManager.default.removeItem(atPath: self.path)
    }
}
