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

    /// Whoever has waited for a file holds up no thread that lets it go on.
    @Test func whoeverWaitedForAFileGoesOnElsewhere() async throws {
        let locks = FileLocks()
        let id = FileID(milliseconds: 1, sequence: 0, random: 1)
        let (gate, end) = (PendingLookup<Int>(), PendingLookup<Bool>())
        let hasReturned = Flag()
        Task(executorPreference: InlineExecutor.shared) {
            try await locks.take(id) { () async throws(StorageError) in try await Lookup.later(gate).value() }
        }
        let entries = Flag()
        Task(executorPreference: InlineExecutor.shared) {
            try await locks.take(id) { () async throws(StorageError) in
                entries.set()
                // Where this ran on the completing thread, that would wait here for itself.
                end.complete(.success(hasReturned.isSetWithin(seconds: 5)))
            }
        }
        #expect(!entries.isSet)
        gate.complete(.success(1))
        hasReturned.set()
        #expect(try await Lookup.later(end).value())
    }

    private final class Flag: Sendable {
        private let state = Mutex(false)
        var isSet: Bool { self.state.withLock { $0 } }

        func set() { self.state.withLock { $0 = true } }

        func isSetWithin(seconds: Int) -> Bool {
            let end = ContinuousClock.now + .seconds(seconds)
            while !self.isSet, ContinuousClock.now < end {}
            return self.isSet
        }
    }
}
