import Synchronization

/// Holds each key to a number of things at a time: requests of an API key, connections of an address.
final class ConcurrencyLimiter<Key: Hashable & Sendable>: Sendable {
    /// A permit among the things of a key, which counts until it is released.
    ///
    /// One that nobody releases, on whatever path, is released with its last reference.
    final class Permit: Sendable {
        private let limiter: ConcurrencyLimiter<Key>
        private let key: Key
        private let isHeld = Atomic<Bool>(true)

        fileprivate init(_ limiter: ConcurrencyLimiter<Key>, _ key: Key) {
            self.limiter = limiter
            self.key = key
        }

        deinit {
            self.release()
        }

        /// Releases the permit; only the first time counts.
        func release() {
            guard self.isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
            self.limiter.remove(self.key)
        }
    }

    /// The most things of a key at a time.
    let limit: Int
    private let counter: Mutex<KeyedCounter<Key>>

    init(limit: Int) {
        self.limit = limit
        self.counter = Mutex(KeyedCounter(limit: limit))
    }

    /// Takes a permit for a thing of a key; `nil` where the key has as many as it may.
    func take(_ key: Key) -> Permit? {
        self.counter.withLock { $0.add(key) } ? Permit(self, key) : nil
    }

    private func remove(_ key: Key) {
        self.counter.withLock { $0.remove(key) }
    }
}
