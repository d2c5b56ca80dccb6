import CLinux
import Foundation
import _NIOFileSystem

/// A local file that is written as a whole or not at all.
///
/// It is written without a name (`O_TMPFILE`, where the file system has that): whatever ends the process, nothing is left.
struct LocalTarget: Sendable {
    let path: String
    let replacesExisting: Bool

    /// Writes the file; it appears when the work has returned.
    func write<Result: Sendable>(_ body: @Sendable (WriteFileHandle) async throws -> Result) async throws -> Result {
        let path = FilePath(self.path)
        guard try self.exists() else { return try await self.write(path, body) }
        // Beside it, so that one `rename` replaces it at once, whatever becomes of this task.
        let temporary = path.removingLastComponent().appending(".\(UUID().uuidString).cloakroom")
        let result = try await self.write(temporary, body)
        guard rename(temporary.string, path.string) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary.string)
            throw CloakroomError.file(path: self.path, reason: reason)
        }
        return result
    }

    /// Whether there is a file that may be replaced.
    private func exists() throws(CloakroomError) -> Bool {
        var status = cloakroom_status()
        guard cloakroom_stat(self.path, &status) == 0 else {
            let code = errno
            // The link would be in the way of the new file's name.
            if code == ENOENT, cloakroom_lstat(self.path, &status) == 0 {
                throw .file(path: self.path, reason: "it is a symbolic link without a target")
            }
            guard code == ENOENT else { throw .file(path: self.path, reason: String(cString: strerror(code))) }
            let directory = FilePath(self.path).removingLastComponent().string
            guard directory.isEmpty || access(directory, F_OK) == 0 else {
                throw .file(path: self.path, reason: "the directory \(directory) does not exist")
            }
            return false
        }
        guard self.replacesExisting else { throw .file(path: self.path, reason: "the file already exists") }
        // Renaming something else onto a device or a pipe would remove it.
        if let kind = LocalFileKind(mode: status.mode) { throw .file(path: self.path, reason: kind.reason) }
        return true
    }

    private func write<Result: Sendable>(
        _ path: FilePath, _ body: @Sendable (WriteFileHandle) async throws -> Result
    ) async throws -> Result {
        try await FileSystem.shared.withFileHandle(
            forWritingAt: path, options: .newFile(replaceExisting: false), execute: body)
    }
}
