/// Where the access log goes.
public enum AccessLogDestination: Hashable, Sendable, CustomStringConvertible {
    /// Standard output.
    case standardOutput
    /// A file by its path, to which lines are appended; a device or a pipe is one as well.
    case file(String)

    /// `-` for standard output, else the path.
    public var description: String {
        switch self {
        case .standardOutput: "-"
        case .file(let path): path
        }
    }

    /// Whether it is a file whose path leads through a directory.
    ///
    /// - Parameter directory: The directory's path, written as the file's.
    /// - Returns: Whether it is.
    public func isInside(_ directory: String) -> Bool {
        guard case .file(let path) = self else { return false }
        return path.hasPrefix(directory.hasSuffix("/") ? directory : directory + "/")
    }
}

/// The access log cannot be opened or written.
public struct AccessLogError: Error, CustomStringConvertible {
    /// The path, and what failed.
    public let description: String
}
