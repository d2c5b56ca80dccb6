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
        let existing = try await FileSystem.shared.info(forFileAt: path)
        if let existing {
            guard self.replacesExisting else {
                throw CloakroomError.file(path: self.path, reason: "the file already exists")
            }
            // Renaming something else onto a device or a pipe would remove it.
            guard existing.type == .regular else {
                throw CloakroomError.file(path: self.path, reason: "it is not a regular file")
            }
        }
        guard existing != nil else { return try await self.write(path, body) }
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

    private func write<Result: Sendable>(
        _ path: FilePath, _ body: @Sendable (WriteFileHandle) async throws -> Result
    ) async throws -> Result {
        try await FileSystem.shared.withFileHandle(
            forWritingAt: path, options: .newFile(replaceExisting: false), execute: body)
    }
}
