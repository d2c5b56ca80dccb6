import CloakroomClient
import CloakroomDomain
import Foundation
import Logging

/// Carries out an execution: files in, the model's command, the file that it made to the service.
struct ExecutionRunner: Sendable {
    let client: CloakroomClient
    let fetcher: InputFetcher
    let logger: Logger

    /// Works until the execution has ended, or its time is over.
    ///
    /// - Parameter job: What is to be done.
    /// - Returns: How it ended.
    func run(_ job: Job) async -> ExecutionState.Event {
        do {
            let finished = try await withThrowingTaskGroup(
                of: ExecutionOutcome?.self, returning: ExecutionOutcome?.self
            ) { group in
                group.addTask { try await self.work(job) }
                group.addTask {
                    try await Task.sleep(until: job.deadline, clock: .continuous)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let outcome = finished else { return .fail(.timedOut) }
            return .complete(outcome, latency: ContinuousClock.now - job.submittedAt)
        } catch let failure as ExecutionFailure {
            return .fail(failure)
        } catch is CommandRunner.Failed {
            return .fail(.modelFailed)
        } catch {
            if !Task.isCancelled {
                self.logger.error(
                    "Execution failed", metadata: ["execution.id": "\(job.id)", "error.reason": "\(error)"])
            }
            return .fail(.internalError)
        }
    }

    /// Deletes a result that nobody will ask for: its execution was cancelled in the last moment.
    func discard(_ outcome: ExecutionOutcome, of job: Job) async {
        // In a task of its own, which is not cancelled with this one.
        await Task {
            do {
                try await self.client.acting(for: job.organization).delete(outcome.fileID)
            } catch {
                self.logger.warning("Result not deleted", metadata: ["execution.id": "\(job.id)"])
            }
        }.value
    }

    private func work(_ job: Job) async throws -> ExecutionOutcome {
        let directory = try WorkDirectory()
        defer {
            do {
                try directory.remove()
            } catch {
                self.logger.warning("Directory not removed", metadata: ["directory.path": "\(directory.path)"])
            }
        }
        let output = job.model.output
        let name = "output." + (output.filename.pathExtension ?? "")
        let commands = CommandRunner(
            directory: directory, maximumFileSize: output.maximumSize.bytes, logger: self.logger)
        var values = try await self.values(job.values, in: directory)
        values["output"] = directory.path(of: name)
        guard let words = job.command.words(values) else { throw ExecutionFailure.internalError }
        _ = try await commands.run(words)
        guard let size = directory.size(of: name), size > 0 else { throw ExecutionFailure.modelFailed }
        let dimensions = try await self.dimensions(of: directory.path(of: name), output.mediaType, commands)
        let stored = try await self.client.acting(for: job.organization).upload(
            file: directory.path(of: name), filename: output.filename, mediaType: output.mediaType)
        return ExecutionOutcome(
            fileID: stored.id, mediaType: output.mediaType, format: output.filename.pathExtension ?? "",
            dimensions: dimensions)
    }

    /// What takes the places of the inputs: numbers, and paths of files that are made here.
    private func values(_ values: InputValues, in directory: WorkDirectory) async throws -> [String: String] {
        var words = ["seed": "\(values.seed)"]
        for (name, number) in values.integers { words[name] = "\(number)" }
        for (name, text) in values.texts { words[name] = try directory.write(text, to: "input-\(name).txt") }
        for (name, file) in values.files {
            words[name] = try await self.fetcher.fetch(file, to: directory.path(of: "input-\(name)"))
        }
        return words
    }

    /// The size of a picture in pixels; anything else has none.
    private func dimensions(
        of path: String, _ mediaType: MediaType, _ commands: CommandRunner
    ) async throws -> ExecutionOutcome.Dimensions? {
        guard mediaType.topLevelType == "image" else { return nil }
        let printed = try await commands.run(["identify", "-format", "%w %h\n", path])
        let numbers = printed.split(whereSeparator: \.isWhitespace).compactMap { Int64($0) }
        guard numbers.count >= 2 else { throw ExecutionFailure.modelFailed }
        return ExecutionOutcome.Dimensions(width: numbers[0], height: numbers[1])
    }
}
