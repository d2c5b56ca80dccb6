import Glibc

/// What a path leads to, if it is not a regular file.
enum LocalFileKind: String, Sendable {
    case directory = "a directory"
    case pipe = "a named pipe"
    case socket = "a socket"
    case device = "a device"
    case other = "something else"

    /// Reads the type of a file's mode; `nil` for a regular file.
    init?(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: return nil
        case S_IFDIR: self = .directory
        case S_IFIFO: self = .pipe
        case S_IFSOCK: self = .socket
        case S_IFCHR, S_IFBLK: self = .device
        default: self = .other
        }
    }

    /// What is wrong with it, for people.
    var reason: String { "it is \(self.rawValue), not a regular file" }
}
