import CloakroomStore
import Synchronization
import Testing

/// Look-ups that are answered later.
struct LookupTests {
    @Test func valueComesToWhoeverWaits() async throws {
        let pending = PendingLookup<Int>()
        Task { pending.complete(.success(1)) }
        #expect(try await Lookup.later(pending).value() == 1)
        #expect(try await Lookup.later(pending).value() == 1)
    }

    @Test func onlyTheFirstOutcomeCounts() async throws {
        let pending = PendingLookup<Int>()
        pending.complete(.success(1))
        pending.complete(.success(2))
        pending.cancel()
        #expect(try await Lookup.later(pending).value() == 1)
    }

    @Test func chainGoesOnWithEachValue() async throws {
        let (first, second) = (PendingLookup<Int>(), PendingLookup<String>())
        let chain = Lookup.later(first).then { _ in Lookup.later(second) }.map { $0 + "!" }
        first.complete(.success(1))
        second.complete(.success("two"))
        #expect(try await chain.value() == "two!")
        #expect(try await Lookup { 1 }.then { number in Lookup { "\(number)" } }.value() == "1")
    }

    @Test func failureEndsTheChain() async throws {
        let pending = PendingLookup<Int>()
        let chain = Lookup.later(pending).then { _ -> Lookup<Int> in
            Issue.record("the chain went on")
            return Lookup { 1 }
        }
        pending.complete(.failure(.notFound))
        await #expect(throws: StorageError.notFound) { try await chain.value() }
    }

    @Test func cancellationReachesTheEngine() async throws {
        let cancelled = Mutex(0)
        let first = PendingLookup<Int> { cancelled.withLock { $0 += 1 } }
        let second = PendingLookup<Int> { cancelled.withLock { $0 += 10 } }
        let chain = Lookup.later(first).then { _ in Lookup.later(second) }
        first.complete(.success(1))
        let waiting = Task { try await chain.value() }
        waiting.cancel()
        await #expect(throws: StorageError.cancelled) { try await waiting.value }
        #expect(cancelled.withLock { $0 } == 10)
        #expect(second.isOver)
    }
}
