/// One thing that a check found.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// What kind of thing, the first word of its line.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The bytes of a ready file are not those that were sealed.
        case damaged
        /// A blob lies in its place and is no file's.
        case orphan
        /// A part of a pack holds something to which no file refers.
        case unreferenced
        /// The bytes of a deleted file, which should be gone, are there.
        case undeleted
        /// A file is deleted, and is there.
        case contradictory
        /// What an organization uses is not the sum of its files.
        case usage
        /// The catalogue's database is damaged.
        case corrupt
        /// Rows have been lost, or the catalogue is not the one of these files.
        case history
        /// Something is in quarantine; it does not count.
        case quarantined
        /// Something is unusual and harms nobody; it does not count.
        case noted

        /// Whether it counts.
        package var counts: Bool { self != .noted && self != .quarantined }
    }

    package let kind: Kind
    /// What it is about: a file, an organization, a part of a pack, or a path in the data directory.
    package let subject: String
    package let detail: String
    /// What was done about it; `nil` where nothing was.
    package let repair: String?

    init(_ kind: Kind, _ subject: String, _ detail: String, repair: String? = nil) {
        self.kind = kind
        self.subject = Self.singleLine(subject)
        self.detail = Self.singleLine(detail)
        self.repair = repair
    }

    /// Names may hold anything; the line stays one line.
    private static func singleLine(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            scalar.value < 32 || scalar.value == 127 ? "?" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The line: kind, subject, detail, and what was done.
    package var description: String {
        "\(self.kind.rawValue) \(self.subject) \(self.detail)" + (self.repair.map { ": \($0)" } ?? "")
    }
}
