package import CloakroomSystem
import Glibc
import Synchronization

/// Keeps the mark of the write-ahead log up to date: `blobs/history`, 96 bytes, none while there is no log.
///
/// It lies beside the blobs, so that a catalogue that is copied and put back does not bring its own. Nothing rests on a
/// mark that is not written: then less is known of the WAL, and never more than is true.
package final class HistoryMarkWriter: Sendable {
    package static let name = "history"

    private struct State {
        var log: OpenFile?
        var pageLength = 0
        var mark: HistoryMark?
    }

    private let file: OpenFile
    private let data: Directory
    private let boot: [UInt8]
    private let state = Mutex(State())

    /// Opens the mark's file, and makes it where there is none; what the mark says stays true where commits continue a
    /// server's.
    package init(blobs: Directory, data: Directory, continues: Bool = false) throws(SystemCallError) {
        self.file = OpenFile(try blobs.open(Self.name, flags: O_RDWR | O_CREAT | O_NOFOLLOW))
        self.data = data
        self.boot = data.system.bootIdentity
        guard continues, case .mark(let mark) = try Self.read(in: blobs), mark.boot == self.boot else { return }
        self.state.withLock { $0.mark = mark }
    }

    /// Notes a commit, before whoever waits for it is told.
    package func committed(frames: Int, isFlushed: Bool) {
        self.state.withLock { state in
            guard frames > 0, var mark = self.mark(of: frames, &state) else { return }
            if isFlushed { mark.flushedFrames = frames }
            state.mark = mark
            self.write(mark)
        }
    }

    /// Notes that the WAL has been copied into the database, all of it and flushed; on return that is durable, as it
    /// must be before the WAL begins anew.
    package func copied(frames: Int) {
        self.state.withLock { state in
            guard frames > 0, var mark = self.mark(of: frames, &state), mark.copiedFrames < frames else { return }
            mark.flushedFrames = frames
            mark.copiedFrames = frames
            state.mark = mark
            self.write(mark)
            try? self.file.descriptor.synchronize()
        }
    }

    /// Notes that there is no log any more; on return that is durable.
    package func reset() {
        self.state.withLock { state in
            state.mark = nil
            try? Self.reset(self.file)
        }
    }

    private func mark(of frames: Int, _ state: inout State) -> HistoryMark? {
        guard let log = self.log(&state) else { return nil }
        let length = WALContent.frameHeaderLength + state.pageLength
        let offset = Int64(WALContent.headerLength) + Int64(frames - 1) * Int64(length)
        guard let frame = try? log.descriptor.read(count: length, at: offset), frame.count == length else { return nil }
        let salts = WALContent.Salts(ofFrame: frame[...])
        let earlier = state.mark?.salts == salts ? state.mark : nil
        return HistoryMark(
            boot: self.boot, salts: salts, committedFrames: frames, flushedFrames: earlier?.flushedFrames ?? 0,
            copiedFrames: earlier?.copiedFrames ?? 0, last: .init(frame))
    }

    private func log(_ state: inout State) -> OpenFile? {
        if let log = state.log { return log }
        guard let log = try? OpenFile(self.data.open(Catalog.logName, flags: O_RDONLY | O_NOFOLLOW)),
            let header = try? log.descriptor.read(count: WALContent.headerLength, at: 0),
            let pageLength = WALHeader(header)?.pageLength
        else { return nil }
        (state.log, state.pageLength) = (log, pageLength)
        return log
    }

    private func write(_ mark: HistoryMark) {
        try? self.file.descriptor.writeAll(mark.bytes, at: 0)
    }

    // MARK: At a start

    /// What a start finds.
    package enum Found: Hashable {
        /// No mark, or one without a WAL.
        case nothing
        case damaged
        /// A mark.
        case mark(HistoryMark)
    }

    /// Reads the mark that the run before left; a missing file is no failure.
    package static func read(in blobs: Directory) throws(SystemCallError) -> Found {
        let bytes = try SystemCallError.unlessMissing(
            blobs.open(Self.name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK).read(count: HistoryMark.length + 1, at: 0))
        guard let bytes else { return .nothing }
        if let mark = HistoryMark(bytes) { return .mark(mark) }
        return bytes.isEmpty ? .nothing : .damaged
    }

    /// Forgets the mark that the run before left, if any, durably: the next commits are not what it speaks of.
    package static func reset(in blobs: Directory) throws(SystemCallError) {
        let file = try SystemCallError.unlessMissing(OpenFile(blobs.open(Self.name, flags: O_RDWR | O_NOFOLLOW)))
        if let file { try self.reset(file) }
    }

    private static func reset(_ file: OpenFile) throws(SystemCallError) {
        let (system, descriptor) = (file.descriptor.system, file.descriptor.rawValue)
        try retryingInterrupted { () throws(SystemCallError) in
            try system.truncate(descriptor, to: 0)
        }
        try file.descriptor.synchronize()
    }
}
