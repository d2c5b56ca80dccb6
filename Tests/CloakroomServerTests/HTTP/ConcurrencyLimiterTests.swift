import Synchronization
import Testing

@testable import CloakroomServer

/// Places of a key, each given back once.
struct ConcurrencyLimiterTests {
    /// How many places are free; they are free again afterwards.
    private static func free(_ limiter: ConcurrencyLimiter<String>, _ key: String) -> Int {
        var permits: [ConcurrencyLimiter<String>.Permit] = []
        while let permit = limiter.take(key) { permits.append(permit) }
        for permit in permits { permit.release() }
        return permits.count
    }

    @Test
    func keyHasAsManyPlacesAsTheLimit() {
        let limiter = ConcurrencyLimiter<String>(limit: 3)
        let free = [Self.free(limiter, "a"), Self.free(limiter, "a"), Self.free(limiter, "b")]
        #expect(free == [3, 3, 3])
    }

    @Test
    func placesOfKeysAreApart() throws {
        let limiter = ConcurrencyLimiter<String>(limit: 2)
        let permit = try #require(limiter.take("a"))
        let free = [Self.free(limiter, "a"), Self.free(limiter, "b")]
        #expect(free == [1, 2])
        permit.release()
    }

    /// A permit that is released twice does not free another's.
    @Test
    func onlyTheFirstReleaseCounts() throws {
        let limiter = ConcurrencyLimiter<String>(limit: 3)
        let permits = [try #require(limiter.take("a")), try #require(limiter.take("a"))]
        permits[0].release()
        permits[0].release()
        permits[0].release()
        let free = Self.free(limiter, "a")
        #expect(free == 2)
        permits[1].release()
    }

    /// Its last reference frees it, and no second time what was released before.
    @Test(arguments: [true, false])
    func placeThatIsForgottenIsFree(isReleased: Bool) throws {
        let limiter = ConcurrencyLimiter<String>(limit: 2)
        let kept = try #require(limiter.take("a"))
        var forgotten = limiter.take("a")
        let held = Self.free(limiter, "a")
        if isReleased { forgotten?.release() }
        forgotten = nil
        let free = Self.free(limiter, "a")
        #expect(forgotten == nil)
        #expect(held == 0)
        #expect(free == 1)
        kept.release()
    }

    /// A counter that tasks share.
    private final class Peak: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { self.state.withLock { $0.most } }

        func enter() {
            self.state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }

        func leave() { self.state.withLock { $0.now -= 1 } }
    }

    /// However tasks meet, no more than the limit are in, and all places are free in the end.
    @Test(arguments: [1, 2, 7])
    func limitHoldsAmongManyTasks(limit: Int) async {
        let limiter = ConcurrencyLimiter<String>(limit: limit)
        let peak = Peak()
        let entered = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    var count = 0
                    for round in 0..<500 {
                        guard let permit = limiter.take("a") else { continue }
                        count += 1
                        peak.enter()
                        if round % 8 == 0 { await Task.yield() }
                        peak.leave()
                        permit.release()
                        if round % 3 == 0 { permit.release() }
                    }
                    return count
                }
            }
            return await group.reduce(0, +)
        }
        let free = Self.free(limiter, "a")
        #expect(entered > 0)
        #expect(peak.most <= limit)
        #expect(free == limit)
    }
}
