import CloakroomStore
import Metrics

/// What was put into quarantine and what is there, counted; the label comes from a closed set.
package struct QuarantineMetrics: Sendable {
    /// Why something was put there.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The bytes are not those that were sealed.
        case damaged
        /// A body has no row, although its file had been declared.
        case lostRow = "lost_row"
        /// A body that no row refers to, for an unknown reason.
        case unclear
    }

    private let counters = LabelledCounter<Reason>("cloakroom_quarantined_total", "reason")
    private let entries = Gauge(label: "cloakroom_quarantine_files")
    private let lostBodies = Gauge(label: "cloakroom_lost_bodies")

    package init() {}

    package func count(_ reason: Reason) { self.counters.increment(reason) }

    /// How many files the quarantine has.
    package func holds(_ count: Int) { self.entries.record(count) }

    /// How many bodies have no row.
    package func lost(_ count: Int) { self.lostBodies.record(count) }
}
