import CloakroomDomain
import CloakroomLocal

/// Says on standard error what a backup or a restoration has copied, and how long that took.
struct CopyReport {
    private let startedAt = ContinuousClock.now

    func show(_ summary: CopySummary) {
        let tenths = ((ContinuousClock.now - self.startedAt) / .milliseconds(100)).rounded()
        let shared = summary.shared > .zero ? ", \(summary.shared) shared with the previous backup" : ""
        StandardError.write("files: \(summary.files); bytes: \(summary.copied) copied\(shared); \(tenths / 10) s")
        if let error = summary.unusablePrevious {
            StandardError.write("nothing is shared with the previous backup: \(error)")
        }
        if summary.deleted > 0 {
            StandardError.write("files that were deleted during the copy: \(summary.deleted), not copied")
        }
        if summary.damaged > 0 {
            StandardError.write("damaged files, pending in the copy: \(summary.damaged)")
        }
        if !summary.hasSigningKeys {
            StandardError.write("there is no signing key; add one with cloakroom signing-keys rotate")
        }
    }
}
