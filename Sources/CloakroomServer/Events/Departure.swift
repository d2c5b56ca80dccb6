import Synchronization

/// Whether the client of a request has left, or the server is about to stop; what waits meanwhile is cancelled at once.
final class Departure: Sendable {
    private struct State {
        var hasLeft = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var hasLeft: Bool { self.state.withLock { $0.hasLeft } }

    func leave() {
        let cancel = self.state.withLock { state in
            state.hasLeft = true
            defer { state.cancel = nil }
            return state.cancel
        }
        cancel?()
    }

    /// Runs what is cancelled when the client leaves.
    func during<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let task = Task { await body() }
        let isGone = self.state.withLock { state in
            state.cancel = { task.cancel() }
            return state.hasLeft
        }
        if isGone { task.cancel() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
