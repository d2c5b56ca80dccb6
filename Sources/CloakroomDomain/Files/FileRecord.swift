public import CloakroomCrypto

/// A row of the catalogue: one file of one organization.
public struct FileRecord: Hashable, Sendable {
    /// How far a file has come.
    public enum Status: Hashable, Sendable {
        /// Declared; its bytes have not been sealed.
        case pending
        /// Sealed: its bytes are on disk and never change.
        case ready(Seal)
    }

    /// What became known when the bytes were sealed.
    public struct Seal: Hashable, Sendable {
        /// The digest of the bytes.
        public let sha256: SHA256Digest
        /// When they were sealed.
        public let uploadedAt: Timestamp

        /// Creates a seal.
        public init(sha256: SHA256Digest, uploadedAt: Timestamp) {
            self.sha256 = sha256
            self.uploadedAt = uploadedAt
        }
    }

    /// The file reference.
    public let id: FileID
    /// The owner.
    public let organization: OrganizationID
    /// What the client declared.
    public let declaration: UploadDeclaration
    /// When the upload was requested.
    public let createdAt: Timestamp
    /// When the upload URL ends that was issued last.
    public let uploadExpiresAt: Timestamp
    /// How far the file has come.
    public let status: Status
    /// When its URLs were last revoked: those with a date up to then are dead.
    public let urlsRevokedAt: Timestamp?
    /// When the file ends, as if it had been deleted then.
    ///
    /// `nil` for one that stays.
    public let expiresAt: Timestamp?

    /// Creates a record.
    public init(
        id: FileID, organization: OrganizationID, declaration: UploadDeclaration, createdAt: Timestamp,
        uploadExpiresAt: Timestamp, status: Status, urlsRevokedAt: Timestamp? = nil, expiresAt: Timestamp? = nil
    ) {
        self.id = id
        self.organization = organization
        self.declaration = declaration
        self.createdAt = createdAt
        self.uploadExpiresAt = uploadExpiresAt
        self.status = status
        self.urlsRevokedAt = urlsRevokedAt
        self.expiresAt = expiresAt
    }

    /// The seal of a ready file, `nil` for a pending one.
    public var seal: Seal? {
        if case .ready(let seal) = self.status { seal } else { nil }
    }

    /// Returns the file as it is once its bytes are sealed.
    public func sealed(_ seal: Seal) -> FileRecord {
        FileRecord(
            id: self.id, organization: self.organization, declaration: self.declaration, createdAt: self.createdAt,
            uploadExpiresAt: self.uploadExpiresAt, status: .ready(seal), urlsRevokedAt: self.urlsRevokedAt,
            expiresAt: self.expiresAt)
    }

    /// Whether the file has ended.
    public func isExpired(at now: Timestamp) -> Bool {
        self.expiresAt.map { $0 <= now } ?? false
    }

    /// Returns the file with the earlier of its own end and a moment; `nil` leaves it as it is.
    public func ending(by moment: Timestamp?) -> FileRecord {
        guard let moment else { return self }
        return FileRecord(
            id: self.id, organization: self.organization, declaration: self.declaration, createdAt: self.createdAt,
            uploadExpiresAt: self.uploadExpiresAt, status: self.status, urlsRevokedAt: self.urlsRevokedAt,
            expiresAt: self.expiresAt.map { min($0, moment) } ?? moment)
    }

    /// Returns for how many seconds a URL of the file may work: it never outlives the file.
    func urlLifetimeSeconds(atMost maximum: Int64, from date: Timestamp) -> Int64 {
        guard let expiresAt else { return maximum }
        return max(0, min(maximum, expiresAt.secondsSinceEpoch - date.secondsSinceEpoch))
    }

    /// Returns the date of a URL that is presigned now: after the last revocation, which a URL of the same second would
    /// not survive, so a second or two ahead of the clock just after that.
    func urlDate(_ now: Timestamp) -> Timestamp {
        self.urlsRevokedAt.map { max(now, $0.advanced(bySeconds: 1)) } ?? now
    }
}
