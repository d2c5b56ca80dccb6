/// A query with whole rows of `files`, in the order of columns that ``FileRow`` reads; prepared once by each connection.
final class FileRowQuery: Sendable {
    let sql: String

    init(sql: String) {
        self.sql = sql
    }

    private convenience init(_ rest: String) {
        self.init(sql: "SELECT \(Self.columns.joined(separator: ", ")) FROM files \(rest)")
    }

    /// The columns of a whole row, in the order in which ``FileRow`` reads them.
    static let columns = [
        "id", "organization_id", "filename", "content_type", "size_bytes", "declared_sha256", "created_at",
        "upload_expires_at", "sha256", "uploaded_at", "urls_revoked_at", "expires_at",
    ]

    private static let isUnexpired = "(expires_at IS NULL OR expires_at > ?)"

    /// By id.
    static let byID = FileRowQuery("WHERE id = ?")
    /// By id, organization and the current time.
    static let ofOrganization = FileRowQuery("WHERE id = ? AND organization_id = ? AND \(isUnexpired)")
    /// By id, organization and the current time.
    static let readyOfOrganization = FileRowQuery(
        "WHERE id = ? AND organization_id = ? AND sha256 IS NOT NULL AND \(isUnexpired)")

    /// By organization, the id after the first one, and the current time.
    static let listing = FileRowQuery("WHERE organization_id = ? AND id < ? AND \(isUnexpired) ORDER BY id DESC")
    /// By organization, the id after the first one, and the current time.
    static let listingReady = FileRowQuery(
        "WHERE organization_id = ? AND id < ? AND sha256 IS NOT NULL AND \(isUnexpired) ORDER BY id DESC")
    /// By organization, the id after the first one, and the current time.
    static let listingPending = FileRowQuery(
        "WHERE organization_id = ? AND id < ? AND sha256 IS NULL AND \(isUnexpired) ORDER BY id DESC")
}
