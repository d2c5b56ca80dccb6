/// What an API key may do.
public enum Permission: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// See, resolve and download files.
    case filesRead = "files:read"
    /// Upload and delete files.
    case filesWrite = "files:write"
    /// Create, list, rotate and revoke keys.
    case keysManage = "keys:manage"

    /// The permissions of a key that was created without any named.
    public static let defaults: Set<Permission> = [.filesRead, .filesWrite]

    /// As the API writes it: `files:read`.
    public var description: String { self.rawValue }
}
