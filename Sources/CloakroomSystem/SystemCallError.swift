package import CloakroomStore
import Glibc

/// A system call that failed.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    package let call: SystemCall
    package let code: Int32

    /// Captures `errno` right after a call.
    package init(_ call: SystemCall, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    package var description: String {
        let text = "\(self.call.rawValue): \(String(cString: strerror(self.code)))"
        // Directories above are made first, so it is a link that leads nowhere.
        guard self.call == .mkdirat, self.code == ENOENT else { return text }
        return text + "; a symbolic link in the path may have no target"
    }

    /// The failure as the storage's callers know it.
    package var storageError: StorageError {
        switch self.code {
        case ENOSPC, EDQUOT: .full
        default: .failed(self.description)
        }
    }
}

extension SystemCallError {
    /// Returns what a call gives, `nil` where there is nothing of that name.
    @discardableResult
    package static func unlessMissing<Value>(
        _ call: @autoclosure () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value? {
        do throws(SystemCallError) {
            return try call()
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }
}

extension StorageError {
    /// Returns what a call gives; its failure is one of the storage.
    package static func throwing<Value>(
        _ call: @autoclosure () throws(SystemCallError) -> Value
    ) throws(StorageError) -> Value {
        do throws(SystemCallError) {
            return try call()
        } catch {
            throw error.storageError
        }
    }
}

/// The calls that the storage makes.
package enum SystemCall: String, CaseIterable, Hashable, Sendable {
    case openat, mkdirat, write, read = "pread", fsync, linkat, unlinkat, renameat, fstat, flock, fchmod, opendir,
        readdir, fcntl, fallocate, ftruncate, lseek, ioctl, fstatvfs, faccessat
}

/// Repeats a call that a signal interrupted.
package func retryingInterrupted<Value>(_ call: () throws(SystemCallError) -> Value) throws(SystemCallError) -> Value {
    while true {
        do throws(SystemCallError) {
            return try call()
        } catch {
            guard error.code == EINTR else { throw error }
        }
    }
}
