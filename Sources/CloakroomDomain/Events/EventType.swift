/// What an event of the log tells.
public enum EventType: String, Hashable, Sendable, CaseIterable {
    /// All bytes of a file have arrived, and are durable.
    case ready = "file.ready"
    /// A file was deleted; ``EventReason`` says why.
    case deleted = "file.deleted"
    /// A file was dropped because no upload came before its upload URL expired.
    case abandoned = "file.abandoned"
    /// All presigned URLs of a file were revoked.
    case urlsRevoked = "file.urls_revoked"
    /// The bytes of a file were found damaged; the file waits for the same bytes.
    case damaged = "file.damaged"

    /// Whether the file has no row any more.
    package var isLast: Bool { self == .deleted || self == .abandoned }
}

/// Why a file was deleted.
public enum EventReason: String, Hashable, Sendable, CaseIterable {
    /// A client asked for it.
    case request
    /// The file expired.
    case expired
}

/// Some types of events, as a client names them: `file.ready`, or `file.*` for all.
public struct EventFilter: Hashable, Sendable {
    /// What may be named.
    public static let names = ["file.*"] + EventType.allCases.map(\.rawValue)
    /// Every type.
    public static let all = EventFilter(types: Set(EventType.allCases))

    /// The types.
    public let types: Set<EventType>

    private init(types: Set<EventType>) {
        self.types = types
    }

    /// Reads names, at least one; throws the first that is none of ``names``.
    public init(names: some Sequence<String>) throws(UnknownName) {
        var types: Set<EventType> = []
        for name in names {
            if name == "file.*" {
                types.formUnion(EventType.allCases)
            } else if let type = EventType(rawValue: name) {
                types.insert(type)
            } else {
                throw UnknownName(name: name)
            }
        }
        self.types = types
    }

    /// A name that stands for no type.
    public struct UnknownName: Error, Hashable, Sendable {
        /// The name as it was received.
        public let name: String
    }
}
