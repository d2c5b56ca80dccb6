import Synchronization

/// Numbers the attempts of a call, from 1.
final class AttemptCounter: Sendable {
    private let count = Atomic(0)

    /// Returns the number of the attempt that begins.
    func next() -> Int {
        self.count.add(1, ordering: .relaxed).newValue
    }
}
