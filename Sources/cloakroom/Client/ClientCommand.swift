import ArgumentParser
import CloakroomClient
import UnixSignals

/// A command that talks to a service.
enum ClientCommand {
    private struct Interruption: Error {}

    /// Runs work until it has ended, or SIGINT or SIGTERM has cancelled it; what it began it cleans up either way.
    ///
    /// - Parameter work: The work.
    /// - Throws: `ExitCode`: 130 after an interruption, 1 after a failure, which has been reported.
    static func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await work() }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { throw Interruption() }
                }
                try await group.next()
                group.cancelAll()
            }
        } catch is Interruption {
            throw ExitCode(130)
        } catch let error as CloakroomError {
            StandardError.write(error.description)
            throw ExitCode.failure
        }
    }
}
