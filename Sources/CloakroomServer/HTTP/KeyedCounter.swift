/// How many things each key has at present, up to a limit.
struct KeyedCounter<Key: Hashable & Sendable>: Equatable, Sendable {
    /// The most of a key.
    let limit: Int
    /// Only of keys that have any, so that a key which came and went takes no memory.
    private var counts: [Key: Int] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts one more thing of a key, and returns whether it did: not where the key has as many as it may.
    mutating func add(_ key: Key) -> Bool {
        let count = self.counts[key, default: 0]
        guard count < self.limit else { return false }
        self.counts[key] = count + 1
        return true
    }

    /// Counts one thing of a key less.
    mutating func remove(_ key: Key) {
        guard let count = self.counts[key] else { return }
        self.counts[key] = count > 1 ? count - 1 : nil
    }
}
