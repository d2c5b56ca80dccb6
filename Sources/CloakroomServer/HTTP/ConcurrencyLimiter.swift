import Synchronization

/// Holds each key to a number of things at a time: requests of an API key, connections of an address.
final class ConcurrencyLimiter<Key: Hashable & Sendable>: Sendable {
    /// A place among the things of a key, which counts until it is released.
    ///
    /// One that nobody releases, on whatever path, is released with its last reference.
    final class Place: Sendable {
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

        /// Gives the place back; only the first time counts.
        func release() {
            guard self.isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
            self.limiter.remove(self.key)
        }
    }

    /// The most things of a key at a time.
    let limit: Int
    private let tally: Mutex<Tally<Key>>

    /// - Parameter limit: The most things of a key at a time.
    init(limit: Int) {
        self.limit = limit
        self.tally = Mutex(Tally(limit: limit))
    }

    /// Takes a place for a thing of a key.
    ///
    /// - Parameter key: Whose thing.
    /// - Returns: The place, or `nil` where the key has as many as it may.
    func take(_ key: Key) -> Place? {
        self.tally.withLock { $0.add(key) } ? Place(self, key) : nil
    }

    private func remove(_ key: Key) {
        self.tally.withLock { $0.remove(key) }
    }
}
