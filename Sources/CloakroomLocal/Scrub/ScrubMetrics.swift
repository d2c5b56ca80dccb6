import CloakroomDomain
import CloakroomStore
import Metrics

/// What the scrub has looked at and found, counted; the label comes from a closed set.
struct ScrubMetrics: Sendable {
    /// What an examination of a file found.
    enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// The bytes are those that were sealed.
        case whole
        /// The bytes are; the header of their slot is not.
        case headerDamaged = "header_damaged"
        /// They are damaged, and in quarantine now.
        case damaged
        /// They could not be examined, or not be put into quarantine.
        case failed
    }

    private let files = LabelledCounter<Outcome>("cloakroom_scrub_files_total", "outcome")
    private let bytes = Counter(label: "cloakroom_scrub_bytes_total")
    private let orphans = Counter(label: "cloakroom_scrub_orphans_total")
    private let completedAt = Gauge(label: "cloakroom_scrub_completed_timestamp_seconds")

    func examined(_ outcome: Outcome) { self.files.increment(outcome) }

    func read(_ count: Int) { self.bytes.increment(by: count) }

    func foundOrphan() { self.orphans.increment() }

    func completed(at time: Timestamp) { self.completedAt.record(time.secondsSinceEpoch) }
}
