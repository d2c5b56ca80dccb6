package import CloakroomSystem
import Glibc

/// Whether a write-ahead log has everything that was committed: SQLite ignores what it cannot read, without a word.
package struct HistoryExamination: Hashable, Sendable {
    /// What a start makes of the WAL.
    package enum Outcome: Hashable, Sendable {
        /// Nothing is missing, as far as is known.
        case whole
        /// It is damaged, and all of it has been copied into the database: it can go.
        case superfluous
        /// Transactions that had been committed are missing.
        case lost(String)
    }

    /// What to make of the WAL.
    package let outcome: Outcome
    /// Whether there is something in the WAL: nothing stopped the store in an orderly way.
    let hasLog: Bool
    /// Whether the mark itself cannot be read.
    package let isMarkDamaged: Bool

    /// Whether the run before stopped in an orderly way: that leaves neither a WAL nor a mark of one.
    package let isOrderly: Bool

    /// Examines the WAL of a data directory, before SQLite opens it.
    package init(_ data: Directory, _ blobs: Directory?) throws(SystemCallError) {
        let found = try blobs.map { blobs throws(SystemCallError) in try HistoryMarkWriter.read(in: blobs) }
        self.isMarkDamaged = found == .damaged
        guard case .mark(let mark) = found else {
            self.hasLog = try Self.log(in: data, marking: nil, nil).length > 0
            self.outcome = .whole
            self.isOrderly = !self.hasLog && !self.isMarkDamaged
            return
        }
        self.isOrderly = false
        let boot = data.system.bootIdentity
        let log = try Self.log(in: data, marking: mark.requiredFrames(boot: boot), mark.salts)
        self.hasLog = log.length > 0
        self.outcome = Self.outcome(mark, log, boot: boot)
    }

    private static func log(
        in data: Directory, marking number: Int?, _ salts: WALContent.Salts?
    ) throws(SystemCallError) -> WALContent {
        let file = try SystemCallError.unlessMissing(
            OpenFile(data.open(Catalog.logName, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)))
        guard let file else { return .empty }
        return try WALContent(file, marking: number, salts: salts)
    }

    /// Holds a WAL to the mark.
    static func outcome(_ mark: HistoryMark, _ log: WALContent, boot: [UInt8]) -> Outcome {
        // Frames behind those that had been copied may have been flushed without the mark.
        let isCopied = log.lastFrame <= mark.copiedFrames
        let required = mark.requiredFrames(boot: boot)
        if log.salts == mark.salts {
            // A command may have added its own commits where some were lost. Frames that were not flushed need not be the same.
            let isOther = required == mark.committedFrames && required > 0 && log.marked != mark.last
            if log.committedFrames >= required, !isOther { return .whole }
            if mark.copiedFrames >= required, isCopied { return .superfluous }
            guard !isOther || log.committedFrames < required else {
                return .lost("frame \(required) of the WAL is another than was written")
            }
            let last = max(required, log.lastFrame)
            return .lost("frames \(log.committedFrames + 1) to \(last) of the WAL cannot be read")
        }
        if required == 0 || required <= mark.copiedFrames && isCopied { return .whole }
        guard let salts = log.salts else {
            let problem = log.length == 0 ? "is missing or empty" : "has a damaged header"
            return .lost("the WAL \(problem); it had \(max(required, log.lastFrame)) frames")
        }
        // A log begins anew once all of it has been copied; its first salt then grows by 1.
        let isLater = Int32(bitPattern: salts.first &- mark.salts.first) > 0
        return isLater ? .whole : .lost("the WAL is an older one; \(required) frames of the latest are missing")
    }
}
