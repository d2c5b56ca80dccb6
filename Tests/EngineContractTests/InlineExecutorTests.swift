import CloakroomDomain
import CloakroomStore
import Synchronization
import Testing

/// Steps of tasks that run where the step before was completed.
struct InlineExecutorTests {
    @Test func firstStepRunsAtOnce() {
        let runs = Mutex(0)
        Task(executorPreference: InlineExecutor.shared) { runs.withLock { $0 += 1 } }
        #expect(runs.withLock { $0 } == 1)
    }

    @Test func stepThatIsWaitedForRunsOnTheThreadThatCompletesIt() async {
        let pending = PendingLookup<Int>()
        let found = Mutex<Int?>(nil)
        Task(executorPreference: InlineExecutor.shared) {
            let value = try? await Lookup.later(pending).value()
            found.withLock { $0 = value }
        }
        pending.complete(.success(7))
        #expect(found.withLock { $0 } == 7)
    }

    /// A chain of tasks that let one another go on takes no more of the stack than one.
    @Test func longChainsEnd() async throws {
        let count = 100_000
        let links = (0...count).map { _ in PendingLookup<Int>() }
        for (index, link) in links.dropLast().enumerated() {
            let next = links[index + 1]
            Task(executorPreference: InlineExecutor.shared) {
                let value = try await Lookup.later(link).value()
                next.complete(.success(value + 1))
            }
        }
        links[0].complete(.success(0))
        #expect(try await Lookup.later(links[count]).value() == count)
    }

    /// Counts those who are at a file.
    private final class Turns: Sendable {
        private let state = Mutex((inside: 0, most: 0, done: 0))
        var most: Int { self.state.withLock { $0.most } }
        var done: Int { self.state.withLock { $0.done } }

        func begin() { self.state.withLock { $0 = ($0.inside + 1, max($0.most, $0.inside + 1), $0.done) } }

        func end() { self.state.withLock { $0 = ($0.inside - 1, $0.most, $0.done + 1) } }
    }

    @Test func waitersForAFileTakeTurns() async throws {
        let locks = FileLocks()
        let id = FileID(milliseconds: 1, sequence: 0, random: 1)
        let turns = Turns()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2_000 {
                group.addTask(executorPreference: InlineExecutor.shared) {
                    try? await locks.take(id) { () async throws(StorageError) in
                        turns.begin()
                        await Task.yield()
                        turns.end()
                    }
                }
            }
        }
        #expect(turns.most == 1)
        #expect(turns.done == 2_000)
    }
}
