import CloakroomDomain
import CloakroomLocal
import CloakroomStore
import Logging
import ServiceLifecycle

/// Reads every file again, a piece at a time, and rests in between.
struct Scrub: Service {
    /// The wait after a failure of the catalogue.
    private static let failureInterval = Duration.seconds(10)

    let scrubber: Scrubber
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.scrub() }
        await self.scrubber.keepPlace()
    }

    private func scrub() async throws {
        while true {
            let start = ContinuousClock.now
            let interval = await self.step()
            try await Task.sleep(until: start + interval)
        }
    }

    private func step() async -> Duration {
        do throws(StorageError) {
            return try await self.scrubber.step(now: SystemClock().now)
        } catch {
            self.logger.error("Scrub failed", metadata: ["error": "\(error)"])
            return Self.failureInterval
        }
    }
}
