/// Values by their keys; those that were not used lately are dropped, by generation.
///
/// When the younger generation is full, it takes the place of the older one. What is found moves into the younger one. A value type for use inside a lock. What is dropped is returned, so that it can be freed without the lock.
struct GenerationalCache<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let generationLimit: Int

    /// Keeps so many values at most; 2 at least.
    init(capacity: Int) {
        self.generationLimit = max(1, capacity / 2)
    }

    mutating func find(_ key: Key) -> Value? {
        if let value = self.young[key] { return value }
        guard let value = self.old[key] else { return nil }
        if self.young.count < self.generationLimit { self.young[key] = value }
        return value
    }

    /// Inserts a value, in the place of an earlier one, and returns what was dropped for it.
    mutating func insert(_ value: Value, for key: Key) -> [Key: Value] {
        guard self.young.count >= self.generationLimit, self.young[key] == nil else {
            self.young[key] = value
            return [:]
        }
        defer { (self.old, self.young) = (self.young, [key: value]) }
        return self.old
    }

    /// Removes the value of a key, and returns the one or two that there were.
    @discardableResult
    mutating func remove(_ key: Key) -> [Value] {
        [self.young.removeValue(forKey: key), self.old.removeValue(forKey: key)].compactMap { $0 }
    }

    /// Removes all values, and returns them.
    mutating func removeAll() -> [[Key: Value]] {
        defer { (self.young, self.old) = ([:], [:]) }
        return [self.young, self.old]
    }
}
