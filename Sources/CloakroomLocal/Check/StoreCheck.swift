import CloakroomDisk
package import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

/// Holds the catalogue and what lies on the disk to one another.
///
/// Without a ``FileQuarantine`` it changes nothing and may run beside a server: what looks wrong is looked at again before
/// it is reported, in the order in which the server makes changes, so that uploads and deletions meanwhile are no
/// findings.
package actor StoreCheck {
    /// What was looked at, and how much was found.
    package struct Summary: Hashable, Sendable {
        /// How many ready files there are.
        package internal(set) var files = 0
        /// How many bytes they have.
        package internal(set) var bytes = ByteCount.zero
        /// How many findings were reported, those that harm nobody not counted.
        package internal(set) var findings = 0
        /// How many damaged files a repair left as they are, because they were more than it may take out of the way.
        package internal(set) var unrepaired = 0
        /// Whether the catalogue's database is damaged; then nothing else was looked at, and nothing changed.
        package internal(set) var isCorrupt = false
    }

    /// More damaged files are rather a disk that is not mounted or does not answer: a repair leaves them as they are.
    package static let maximumDamagedFiles = 16
    static let pageLength = 1_024
    /// How long after one another suspects are looked at beside a running server.
    private static let attemptInterval = Duration.milliseconds(250)

    let directory: DataDirectory
    let catalog: Catalog
    let tree: BlobTree
    let extent: ExaminationExtent
    /// What repairs; `nil` to look only.
    let quarantine: FileQuarantine?
    let packLength: Int64
    /// The most damaged files that are taken out of the way.
    let maximumDamaged: Int
    /// For how long suspects are looked at again.
    private let patience: Duration
    let now: Timestamp
    private let observer: @Sendable (Finding) -> Void
    /// Whether the observer could pass on everything.
    let isReported: @Sendable () -> Bool
    var summary = Summary()
    private var candidates: [Candidate] = []
    /// Damaged files that a repair has still to take out of the way.
    var damaged: [(id: FileID, damage: BlobDamage)] = []

    init(
        _ directory: DataDirectory, catalog: Catalog, tree: BlobTree, _ extent: ExaminationExtent,
        quarantine: FileQuarantine?,
        maximumDamaged: Int = StoreCheck.maximumDamagedFiles, packLength: Int64, patience: Duration, now: Timestamp,
        isReported: @escaping @Sendable () -> Bool = { true }, observer: @escaping @Sendable (Finding) -> Void
    ) {
        self.directory = directory
        self.catalog = catalog
        self.tree = tree
        self.extent = extent
        self.quarantine = quarantine
        self.maximumDamaged = maximumDamaged
        self.packLength = packLength
        self.patience = patience
        self.now = now
        self.isReported = isReported
        self.observer = observer
    }

    /// Looks at everything but SQLite's own structures.
    func run() async throws(StorageError) -> Summary {
        try await self.checkHistory()
        try await self.checkFiles()
        try await self.checkUsages()
        try await self.checkTombstones()
        try await self.checkShards()
        try await self.checkPacks()
        try self.checkNames()
        try self.checkQuarantine()
        try await self.lookAgain()
        try await self.acknowledgeHistory()
        return self.summary
    }

    func report(_ finding: Finding) {
        if finding.kind.counts { self.summary.findings += 1 }
        self.observer(finding)
    }

    /// Deals with something that looks wrong: at once where nobody else is at the store, else later.
    func candidate(_ candidate: Candidate) async throws(StorageError) {
        guard let quarantine else {
            self.candidates.append(candidate)
            return
        }
        let repair: String?
        switch candidate {
        case .orphan(let id): repair = try await quarantine.quarantineOrphan(id) ? "moved to quarantine" : nil
        case .slot(let slot, let id):
            repair = try await quarantine.quarantineUnreferenced(slot, of: id) ? "moved to quarantine" : nil
        case .part(let part):
            repair = try await quarantine.quarantineUnreferenced(part, of: nil) ? "moved to quarantine" : nil
        case .undeleted(let tombstone):
            try await quarantine.removeBytes(of: tombstone)
            repair = "removed"
        }
        self.report(candidate.finding(repair: repair))
    }

    /// Whether a server has the directory; also where that cannot be told.
    private var isServed: Bool { ((try? self.directory.unlessServed { true }) ?? nil) == nil }

    /// Looks again at what looked wrong beside a running server, until it is right or the patience is at its end.
    private func lookAgain() async throws(StorageError) {
        let end = ContinuousClock.now + self.patience
        while !self.candidates.isEmpty {
            var rest: [Candidate] = []
            for candidate in self.candidates {
                if try candidate.isStillThere(self.catalog, self.tree) { rest.append(candidate) }
            }
            self.candidates = rest
            guard ContinuousClock.now < end, self.isServed else { break }
            try? await Task.sleep(for: Self.attemptInterval)
        }
        for candidate in self.candidates { self.report(candidate.finding()) }
    }
}
