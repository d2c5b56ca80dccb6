/// What the service does with files, keys and organizations, on one engine of rows and one of bytes.
package struct Storage: Sendable {
    /// What may differ from one process to another.
    package struct Options: Sendable {
        /// When large blobs are verified while they are read.
        package var verification = ReadVerification.first
        /// The longest life of a presigned URL, by default SigV4's seven days.
        package var urlLifetimeSeconds: Int64 = 604_800
        /// How long events are kept.
        package var eventRetentionSeconds: Int64 = 7 * 86_400

        package init() {}
    }

    /// What engines and use cases share within a process.
    package struct Shared: Sendable {
        /// One at a time for each file.
        package let locks = FileLocks()
        /// Rows in memory.
        package let caches = RowCaches()
        /// Blobs that are kept open.
        package let openBlobs: OpenBlobCache
        /// Blobs that were read whole and found right since the start.
        package let verified = VerifiedBlobs(capacity: 131_072)

        package init(openBlobs: Int) {
            self.openBlobs = OpenBlobCache(capacity: openBlobs)
        }
    }

    package let files: FileFinder
    package let uploads: Uploads
    package let directUploads: DirectUploads
    package let downloads: Downloads
    package let deletions: Deletions
    package let revocations: Revocations
    package let retention: Retention
    package let keys: APIKeys
    package let organizations: Organizations
    package let events: Events

    package init(
        rows: any RowEngine, blobs: any BlobEngine, shared: Shared, ids: FileIDGenerator,
        damage: any DamageListener, options: Options = Options()
    ) {
        let (locks, caches, openBlobs) = (shared.locks, shared.caches, shared.openBlobs)
        let underWay = UploadsUnderWay()
        let publisher = Publisher(rows: rows, blobs: blobs, locks: locks, openBlobs: openBlobs)
        self.files = FileFinder(rows: rows, caches: caches)
        self.revocations = Revocations(rows: rows, caches: caches, lifetimeSeconds: options.urlLifetimeSeconds)
        self.uploads = Uploads(
            rows: rows, blobs: blobs, publisher: publisher, ids: ids, caches: caches, revocations: self.revocations,
            underWay: underWay)
        self.deletions = Deletions(rows: rows, blobs: blobs, locks: locks, caches: caches)
        self.directUploads = DirectUploads(
            rows: rows, blobs: blobs, publisher: publisher, deletions: self.deletions, locks: locks, ids: ids)
        self.downloads = Downloads(
            rows: rows, blobs: blobs, openBlobs: openBlobs, verified: shared.verified, revocations: self.revocations,
            verification: options.verification, damage: damage)
        self.retention = Retention(
            rows: rows, blobs: blobs, caches: caches, openBlobs: openBlobs, revocations: self.revocations,
            uploads: underWay, eventRetentionSeconds: options.eventRetentionSeconds)
        self.keys = APIKeys(rows: rows)
        self.organizations = Organizations(rows: rows)
        self.events = Events(rows: rows)
    }
}
