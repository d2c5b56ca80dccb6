public import CloakroomDomain

/// Something that happened to a file, as a webhook, the stream and the log of events tell it.
///
/// Events are delivered at least once: a program remembers the ``id`` of what it must not do twice. Only those of one file
/// come in their order.
public struct FileEvent: Hashable, Sendable, CustomStringConvertible {
    /// What happened; a service that is newer than the client may have more of them.
    public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// All bytes of a file have arrived, and are durable: `file.ready`.
        public static let ready = Kind(rawValue: "file.ready")
        /// A file was deleted or has expired; ``FileEvent/reason`` says which: `file.deleted`.
        public static let deleted = Kind(rawValue: "file.deleted")
        /// A declared file was dropped because its bytes did not arrive in time: `file.abandoned`.
        public static let abandoned = Kind(rawValue: "file.abandoned")
        /// The presigned URLs of a file were revoked: `file.urls_revoked`.
        public static let urlsRevoked = Kind(rawValue: "file.urls_revoked")
        /// The bytes of a file were found damaged: `file.damaged`.
        public static let damaged = Kind(rawValue: "file.damaged")

        static let ofFiles: Set<Kind> = [.ready, .deleted, .abandoned, .urlsRevoked, .damaged]

        /// The type as the service writes it.
        public let rawValue: String

        /// Takes a type as the service writes it, also one that has no name here.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The type as the service writes it.
        public var description: String { self.rawValue }
    }

    /// Why a file was deleted.
    public struct Reason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// A client asked for it.
        public static let request = Reason(rawValue: "request")
        /// The file expired.
        public static let expired = Reason(rawValue: "expired")

        /// The reason as the service writes it.
        public let rawValue: String

        /// Takes a reason as the service writes it, also one that has no name here.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The reason as the service writes it.
        public var description: String { self.rawValue }
    }

    /// The id, the same however often and by whatever way the event comes: `evt_` and 32 hexadecimal digits.
    public let id: String
    /// What happened.
    public let type: Kind
    /// When it happened.
    public let timestamp: Timestamp
    /// The owner of the file; `nil` only for a type that has no name here.
    public let organizationID: OrganizationID?
    /// The file, as it was when the service read the event; `nil` only for a type that has no name here.
    public let file: FileMetadata?
    /// Why the file was deleted; `nil` for other events.
    public let reason: Reason?

    /// The type, the time and the file.
    public var description: String {
        let reason = self.reason.map { " (\($0))" } ?? ""
        return "\(self.type)\(reason) \(self.timestamp) \(self.file.map { "\($0)" } ?? self.id)"
    }
}
