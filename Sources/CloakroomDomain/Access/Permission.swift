/// What an API key may do.
public enum Permission: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// See, resolve and download files.
    case filesRead = "files:read"
    /// Upload and delete files.
    case filesWrite = "files:write"
    /// Create, list, rotate and revoke keys.
    case keysManage = "keys:manage"
    /// Read what happens to an organization's files.
    case eventsRead = "events:read"
    /// Read what happens to all files, with a gateway's key.
    case eventsReadAll = "events:read-all"

    /// The permissions of a key that was created without any named.
    public static let defaults: Set<Permission> = [.filesRead, .filesWrite]

    /// The permissions of a key of one organization, which can be named when it is created.
    public static let ofOrganizations = Self.allCases.filter { $0 != .eventsReadAll }

    /// As the API writes it: `files:read`.
    public var description: String { self.rawValue }
}
