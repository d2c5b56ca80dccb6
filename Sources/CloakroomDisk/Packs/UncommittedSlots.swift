import CloakroomStore
import CloakroomSystem

import Synchronization

/// Counts a pack's slots whose rows are not committed: as long as there are any, the pack must not be ended, because nobody
/// looks for seals in one that is.
final class UncommittedSlots: Sendable {
    private struct State {
        var count = 0
        var afterwards: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isEmpty: Bool { self.state.withLock { $0.count == 0 } }

    /// Calls a function once there are none; none may be added afterwards.
    func whenNone(_ body: @escaping @Sendable () -> Void) {
        let isEmpty = self.state.withLock { state in
            if state.count > 0 { state.afterwards = body }
            return state.count == 0
        }
        if isEmpty { body() }
    }

    fileprivate func add() { self.state.withLock { $0.count += 1 } }

    fileprivate func remove() {
        let body = self.state.withLock { state -> (@Sendable () -> Void)? in
            state.count -= 1
            guard state.count == 0 else { return nil }
            defer { state.afterwards = nil }
            return state.afterwards
        }
        body?()
    }
}

/// A slot whose row is not committed, for as long as this object lives.
final class UncommittedSlot: Sendable {
    private let slots: UncommittedSlots

    init(of slots: UncommittedSlots) {
        self.slots = slots
        slots.add()
    }

    deinit {
        self.slots.remove()
    }
}
