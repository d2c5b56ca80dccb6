import Glibc

package enum AccessLogDestination: Hashable, Sendable, CustomStringConvertible {
    case standardOutput
    /// A file by its path, to which lines are appended; a device or a pipe is one as well.
    case file(String)

    /// `-` for standard output, else the path.
    package var description: String {
        switch self {
        case .standardOutput: "-"
        case .file(let path): path
        }
    }

    /// Whether it is a file in a directory or below it, however the paths are written; the directory need not be there.
    package func isInside(_ directory: String) -> Bool {
        guard case .file(let path) = self else { return false }
        let (inner, outer) = (Self.canonicalPath(path), Self.canonicalPath(directory))
        return inner == outer || inner.hasPrefix(outer == "/" ? outer : outer + "/")
    }

    /// A path without symbolic links, as far as it leads to something (`realpath(3)`).
    private static func canonicalPath(_ path: String) -> String {
        var (existing, rest) = (path, [Substring]())
        while true {
            if let found = realpath(existing.isEmpty ? "." : existing, nil) {
                defer { free(found) }
                return rest.reduce(String(cString: found)) { $0 == "/" ? "/\($1)" : "\($0)/\($1)" }
            }
            while existing.count > 1, existing.hasSuffix("/") { existing.removeLast() }
            guard let name = existing.split(separator: "/").last else { return path }
            rest.insert(name, at: 0)
            existing.removeLast(name.count)
        }
    }
}

/// The access log cannot be opened or written.
package struct AccessLogError: Error, CustomStringConvertible {
    /// The path, and what failed.
    package let description: String
}
