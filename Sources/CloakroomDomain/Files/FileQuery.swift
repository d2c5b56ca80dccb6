/// Which of an organization's files to list.
public struct FileQuery: Hashable, Sendable {
    /// A status to select by.
    public enum Status: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// Declared, not sealed.
        case pending
        /// Sealed.
        case ready

        /// As the API writes it: `ready`.
        public var description: String { self.rawValue }
    }

    /// The page sizes that may be asked for.
    public static let limits = 1...1_000
    /// The page size without one asked for.
    public static let defaultLimit = 50

    /// The most files on a page.
    public let limit: Int
    /// Only files older than this one.
    public let cursor: FileID?
    /// Only files of this status.
    public let status: Status?
    /// Only files of this media range.
    public let mediaRange: MediaRange?

    /// Creates a query; the limit is within ``limits``.
    public init(limit: Int = Self.defaultLimit, cursor: FileID?, status: Status?, mediaRange: MediaRange?) {
        self.limit = min(max(limit, Self.limits.lowerBound), Self.limits.upperBound)
        self.cursor = cursor
        self.status = status
        self.mediaRange = mediaRange
    }
}

/// A page of files, newest first.
public struct FilePage: Hashable, Sendable {
    /// The files.
    public let files: [FileRecord]
    /// The last of them where there are older ones, else `nil`.
    public let nextCursor: FileID?

    /// Creates a page.
    public init(files: [FileRecord], nextCursor: FileID?) {
        self.files = files
        self.nextCursor = nextCursor
    }
}
