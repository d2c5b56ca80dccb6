package import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

/// Why there is no backup, or why nothing was restored.
package enum BackupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another run is at this directory.
    case busy(path: String)
    /// The disk has no room for it beside what is left alone.
    case full(path: String)
    /// There is no store, and no backup.
    case nothingThere(path: String)
    /// A run that did not come to its end left this.
    case incomplete(path: String)
    /// Something is there already, and nothing is ever overwritten.
    case notEmpty(path: String)
    /// A backup and a data directory would be in one another.
    case nested(path: String, other: String)
    /// The path leads into a data directory or a backup.
    case inStore(path: String)
    /// So many ready files have no bytes that are theirs; each has been reported.
    case damaged(files: Int)
    /// A file's bytes were moved into a pack while the backup was made.
    case moved(FileID)
    /// What was written is not what can be read.
    case unverified(path: String, reason: String)
    /// The operating system or SQLite failed.
    case failed(path: String, reason: String)

    /// What is wrong, for whoever ran the command.
    package var description: String {
        switch self {
        case .busy(let path): "\(path) is in use by another backup or restoration"
        case .full(let path): "\(path): the disk is full; \(DiskReserve.untouchedBytes >> 20) MiB must stay free"
        case .nothingThere(let path): "\(path) is neither a data directory nor a backup"
        case .incomplete(let path): "\(path) is incomplete: the backup was interrupted"
        case .notEmpty(let path): "\(path) is not empty; existing files are not overwritten"
        case .nested(let path, let other):
            "\(path) and \(other) are the same directory, or one is in the other; backups and data must be apart"
        case .inStore(let path):
            "\(path) is a data directory or a backup, or is in one; name a directory outside of it"
        case .damaged(let files):
            "damaged files: \(files); with --allow-damaged, they are copied as pending files, without their bytes"
        case .moved(let id): "\(id) was moved while it was being copied; run the command again"
        case .unverified(let path, let reason): "\(path) differs from what was written: \(reason)"
        case .failed(let path, let reason): "\(path): \(reason)"
        }
    }
}

extension BackupError {
    /// Returns what a call gives; its failure is one at a path.
    static func at<Value: ~Copyable>(
        _ path: String, _ call: @autoclosure () throws(SystemCallError) -> Value
    ) throws(BackupError) -> Value {
        do throws(SystemCallError) {
            return try call()
        } catch {
            throw BackupError(error, at: path)
        }
    }

    /// Returns what SQLite gives; its failure is one at a database.
    static func at<Value>(
        database path: String, _ call: @autoclosure () throws(SQLiteError) -> Value
    ) throws(BackupError) -> Value {
        do throws(SQLiteError) {
            return try call()
        } catch {
            throw BackupError(error, at: path)
        }
    }

    /// A system call's failure at a file or directory.
    init(_ error: SystemCallError, at path: String) {
        self = error.storageError == .full ? .full(path: path) : .failed(path: path, reason: error.description)
    }

    init(_ error: SQLiteError, at path: String) {
        self =
            error.storageError == .full
            ? .full(path: path) : .failed(path: path, reason: "SQLite \(error.code): \(error.message)")
    }

    init(_ error: StorageError, at path: String) {
        switch error {
        case .full: self = .full(path: path)
        case .failed(let reason), .writesRejected(let reason): self = .failed(path: path, reason: reason)
        default: self = .failed(path: path, reason: "\(error)")
        }
    }
}
