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
        let task = Task { try await work() }
        let sources = [SIGINT, SIGTERM].map { signal in
            Self.onSignal(signal) {
                if isInterrupted.exchange(true, ordering: .relaxed) { _exit(Self.interrupted) }
                task.cancel()
            }
        }
        defer { for source in sources { source.cancel() } }
        let outcome = await task.result
        guard !isInterrupted.load(ordering: .relaxed) else { throw ExitCode(Self.interrupted) }
        do {
            try outcome.get()
        } catch let error as CloakroomError {
            StandardError.write(error.description)
            throw ExitCode.failure
        }
    }

    /// Runs a handler on a thread of its own whenever a signal comes: the work may be holding up all others.
    private static func onSignal(
        _ signal: Int32, _ handler: @escaping @Sendable () -> Void
    ) -> any DispatchSourceSignal {
        Glibc.signal(signal, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
        source.setEventHandler(handler: handler)
        source.activate()
        return source
    }
}
