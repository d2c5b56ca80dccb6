import ArgumentParser
import CloakroomClient
import Dispatch
import Glibc
import Synchronization

/// A command that talks to a service.
enum ClientCommand {
    private static let interrupted: Int32 = 130

    /// Runs work until it has ended, or SIGINT or SIGTERM has cancelled it; what it began it cleans up either way.
    ///
    /// A second signal ends the program at once.
    ///
    /// - Parameter work: The work.
    /// - Throws: `ExitCode`: 130 after an interruption, 1 after a failure, which has been reported.
    static func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let isInterrupted = Atomic(false)
        let running = Mutex<Task<Void, any Error>?>(nil)
        let source = Interruptions.observe {
            if isInterrupted.exchange(true, ordering: .relaxed) { _exit(Self.interrupted) }
            running.withLock { $0?.cancel() }
        }
        defer { source.cancel() }
        let task = Task { try await work() }
        running.withLock { $0 = task }
        // The signal may have come before there was a task to cancel.
        if isInterrupted.load(ordering: .relaxed) { task.cancel() }
        let outcome = await task.result
        guard !isInterrupted.load(ordering: .relaxed) else { throw ExitCode(Self.interrupted) }
        do {
            try outcome.get()
        } catch let error as CloakroomError {
            StandardError.write(error.description)
            throw ExitCode.failure
        }
    }
}
