import Glibc

/// A system call that failed.
struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    let call: SystemCall
    let code: Int32

    /// Captures `errno` right after a call.
    init(_ call: SystemCall, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    var description: String { "\(self.call.rawValue): \(String(cString: strerror(self.code)))" }

    /// The failure as the storage's callers know it.
    var storageError: StorageError {
        switch self.code {
        case ENOSPC, EDQUOT: .full
        default: .failed(self.description)
        }
    }
}

/// The calls that the storage makes.
enum SystemCall: String, Hashable, Sendable {
    case open, openat, mkdirat, write, read = "pread", fsync, linkat, unlinkat, renameat, fstat, flock, fchmod, opendir,
        fcntl, fallocate, ftruncate, lseek
}

/// Repeats a call that a signal interrupted.
func retryingInterrupted(_ name: SystemCall, _ call: () -> Int) throws(SystemCallError) -> Int {
    while true {
        let result = call()
        if result >= 0 { return result }
        guard errno == EINTR else { throw SystemCallError(name) }
    }
}
