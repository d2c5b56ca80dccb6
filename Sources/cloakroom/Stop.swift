import CloakroomServer
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The end of a server, from the signal on: not ready at once, then requests in progress have their time, then they are
/// cut off.
final class Stop: Sendable {
    private struct Begun {
        let signal: UnixSignal
        let at: ContinuousClock.Instant
    }

    /// How much longer than requests everything else may take.
    static let spareSeconds: Int64 = 2

    private let origins: Origins
    private let readiness: Readiness
    private let timeoutSeconds: Int64
    private let logger: Logger
    private let begun = Mutex<Begun?>(nil)

    init(origins: Origins, readiness: Readiness, timeoutSeconds: Int64, logger: Logger) {
        self.origins = origins
        self.readiness = readiness
        self.timeoutSeconds = timeoutSeconds
        self.logger = logger
    }

    /// Serves until a signal comes and everything has ended.
    func run(_ group: ServiceGroup) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                guard let signal = await signals.first(where: { _ in true }) else { return }
                self.begin(signal)
                await group.triggerGracefulShutdown()
                try await Task.sleep(for: .seconds(self.timeoutSeconds))
                await self.cutOff()
            }
            try await group.run()
            tasks.cancelAll()
            // What is left was waiting for a time that does not come any more.
            while let result = await tasks.nextResult() { _ = result }
        }
    }

    private func begin(_ signal: UnixSignal) {
        self.begun.withLock { $0 = Begun(signal: signal, at: .now) }
        self.readiness.beginShutdown()
        self.logger.info(
            "Server shutting down",
            metadata: ["signal": "\(signal)", "limits.shutdown_timeout_seconds": "\(self.timeoutSeconds)"])
    }

    func ended() {
        guard let begun = self.begun.withLock({ $0 }) else { return }
        let (seconds, attoseconds) = (ContinuousClock.now - begun.at).components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        self.logger.info(
            "Server stopped",
            metadata: ["signal": "\(begun.signal)", "shutdown.duration_milliseconds": "\(milliseconds)"])
    }

    private func cutOff() async {
        let cutOff = [("api", await self.origins.api.cutOff()), ("storage", await self.origins.storage.cutOff())]
        for (origin, cutOff) in cutOff where cutOff.connections > 0 {
            self.logger.notice(
                "Connections cut off",
                metadata: [
                    "origin": "\(origin)", "cut_off.connections": "\(cutOff.connections)",
                    "cut_off.uploads": "\(cutOff.uploads)", "cut_off.downloads": "\(cutOff.downloads)",
                ])
        }
    }
}
