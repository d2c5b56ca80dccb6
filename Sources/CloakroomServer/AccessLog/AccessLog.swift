package import Logging
import Metrics
import NIOPosix
import Synchronization

/// The access log: a line of JSON for each request that has an id.
///
/// A thread of its own writes it, so that no event loop waits for a disk or a reader. The lines that it has not written yet
/// are kept in memory up to a limit; beyond that, and while writing fails, lines are dropped, counted and reported.
package final class AccessLog: Sendable {
    private struct Pending {
        var lines: [UInt8] = []
        /// Whether the thread has been told to write.
        var isWriting = false
        /// Whether lines are dropped because there are too many.
        var isFull = false
    }

    private enum Outcome {
        case queued
        case queuedFirst
        case dropped
        case droppedFirst
    }

    /// The most bytes that wait in memory.
    static let maximumPendingBytes = 4 * 1_024 * 1_024
    /// How long the last lines may take to be written when the server stops.
    private static let flushLimit = Duration.seconds(5)

    private let pending = Mutex(Pending())
    /// Only the thread takes this lock once the log is in use.
    private let sink: Mutex<AccessLogSink>
    private let hasFailed = Atomic(false)
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let dropped = Counter(label: "cloakroom_access_log_dropped_lines_total")
    private let logger: Logger

    package init(_ destination: AccessLogDestination, logger: Logger) throws(AccessLogError) {
        self.sink = Mutex(try AccessLogSink(destination))
        self.logger = logger
        self.thread.start()
    }

    /// Adds a line, which ends with a line feed; it is written later.
    func append(_ line: [UInt8]) {
        switch self.queue(line) {
        case .queued: break
        case .queuedFirst: self.thread.submit { if $0 == .active { self.write() } }
        case .dropped: self.dropped.increment()
        case .droppedFirst:
            self.dropped.increment()
            self.logger.warning(
                "Access log lines are dropped",
                metadata: ["error.reason": "\(Self.maximumPendingBytes) bytes wait to be written"])
        }
    }

    private func queue(_ line: [UInt8]) -> Outcome {
        self.pending.withLock { pending in
            guard pending.lines.count + line.count <= Self.maximumPendingBytes else {
                defer { pending.isFull = true }
                return pending.isFull ? .dropped : .droppedFirst
            }
            pending.lines.append(contentsOf: line)
            defer { pending.isWriting = true }
            return pending.isWriting ? .queued : .queuedFirst
        }
    }

    // MARK: On the thread

    private func write() {
        while let lines = self.takeLines() {
            let result = self.sink.withLock { $0.write(lines) }
            if result.lostLines > 0 { self.dropped.increment(by: result.lostLines) }
            self.report(result.error)
        }
    }

    private func takeLines() -> [UInt8]? {
        self.pending.withLock { pending in
            guard !pending.lines.isEmpty else {
                pending.isWriting = false
                return nil
            }
            pending.isFull = false
            defer { pending.lines = [] }
            return pending.lines
        }
    }

    /// Reports the first failure, and the end of failing.
    private func report(_ error: AccessLogError?) {
        guard self.hasFailed.exchange(error != nil, ordering: .relaxed) != (error != nil) else { return }
        guard let error else { return self.logger.info("Access log is written again") }
        self.logger.warning("Access log lines are dropped", metadata: ["error.reason": "\(error)"])
    }

    // MARK: Signals and the end

    /// Opens the file again by its name, after the lines that came before; the old file stays if that fails.
    package func reopen() {
        self.thread.submit { state in
            guard state == .active else { return }
            do {
                try self.sink.withLock { try $0.reopen() }
                self.logger.info("Access log reopened")
            } catch {
                self.logger.error("Access log cannot be reopened", metadata: ["error.reason": "\(error)"])
            }
        }
    }

    /// Waits until every line has been written, for five seconds at most: a reader that has stopped must not hold up the end.
    package func close() async {
        let (written, continuation) = AsyncStream.makeStream(of: Bool.self)
        self.thread.submit { _ in
            continuation.yield(true)
            continuation.finish()
        }
        let timeout = Task {
            try await Task.sleep(for: Self.flushLimit)
            continuation.yield(false)
            continuation.finish()
        }
        let isWritten = await written.first { _ in true } ?? false
        timeout.cancel()
        if !isWritten { self.logger.warning("The last access log lines were not written") }
        self.thread.shutdownGracefully { _ in }
    }
}
