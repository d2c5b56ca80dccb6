import Synchronization

/// What reading a row gives: a value at once, or one that is waited for.
///
/// An engine whose rows are in memory or on the local disk gives it at once, also on an event loop. An engine across a network
/// gives it later, and no thread waits meanwhile.
@frozen
public enum Lookup<Value: Sendable>: Sendable {
    /// The outcome.
    case now(Result<Value, StorageError>)
    /// The outcome is under way.
    case later(PendingLookup<Value>)

    /// Runs a read that takes as long as a row in memory.
    @inlinable
    public init(_ read: () throws(StorageError) -> Value) {
        self = .now(Result { () throws(StorageError) in try read() })
    }

    /// Makes another value of the one that is found, at once if that is there; for one that comes later, `transform` is
    /// called once, on whatever thread the engine completes it.
    @inlinable
    public func map<Other>(
        _ transform: @escaping @Sendable (Value) throws(StorageError) -> Other
    ) -> Lookup<Other> {
        self.then { value in Lookup<Other> { () throws(StorageError) in try transform(value) } }
    }

    /// Looks up something else with the value that is found; for one that comes later, `next` is called once, on
    /// whatever thread the engine completes it.
    @inlinable
    public func then<Other>(_ next: @escaping @Sendable (Value) -> Lookup<Other>) -> Lookup<Other> {
        switch self {
        case .now(.success(let value)): return next(value)
        case .now(.failure(let error)): return .now(.failure(error))
        case .later(let pending):
            let other = PendingLookup<Other> { pending.cancel() }
            pending.whenComplete { outcome in
                switch outcome {
                case .failure(let error): other.complete(.failure(error))
                case .success(let value):
                    switch next(value) {
                    case .now(let outcome): other.complete(outcome)
                    case .later(let last): other.follow(last)
                    }
                }
            }
            return .later(other)
        }
    }

    /// Waits for the value; a task that is cancelled cancels the look-up.
    @inlinable
    public func value() async throws(StorageError) -> Value {
        switch self {
        case .now(let outcome): return try outcome.get()
        case .later(let pending):
            let outcome = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    pending.whenComplete { continuation.resume(returning: $0) }
                }
            } onCancel: {
                pending.cancel()
            }
            return try outcome.get()
        }
    }
}

/// A look-up that is under way: one engine completes it, one asker waits for it or cancels it.
public final class PendingLookup<Value: Sendable>: Sendable {
    /// What is called with the outcome.
    public typealias Callback = @Sendable (Result<Value, StorageError>) -> Void

    private struct State {
        var outcome: Result<Value, StorageError>?
        var callback: Callback?
        var onCancel: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>

    /// Begins a look-up; `onCancel` is called at most once, where the outcome is wanted no more, and the engine need do
    /// nothing then.
    public init(onCancel: @escaping @Sendable () -> Void = {}) {
        self.state = Mutex(State(onCancel: onCancel))
    }

    /// Whether the outcome is there, or wanted no more.
    public var isOver: Bool { self.state.withLock { $0.outcome != nil } }

    /// Gives the outcome; only the first one counts.
    public func complete(_ outcome: Result<Value, StorageError>) {
        let callback = self.state.withLock { state -> Callback? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            state.onCancel = nil
            defer { state.callback = nil }
            return state.callback
        }
        callback?(outcome)
    }

    /// Calls a function with the outcome, once, on the thread that completes the look-up or at once.
    public func whenComplete(_ callback: @escaping Callback) {
        let outcome = self.state.withLock { state in
            if state.outcome == nil { state.callback = callback }
            return state.outcome
        }
        if let outcome { callback(outcome) }
    }

    /// Gives the outcome up: it is ``StorageError/cancelled``, unless it is there already.
    public func cancel() {
        let onCancel = self.state.withLock { state in
            defer { state.onCancel = nil }
            return state.onCancel
        }
        onCancel?()
        self.complete(.failure(.cancelled))
    }

    /// Returns a look-up with the same outcome, of which somebody else is told first.
    func observed(_ observer: @escaping Callback) -> PendingLookup {
        let other = PendingLookup { self.cancel() }
        self.whenComplete { outcome in
            observer(outcome)
            other.complete(outcome)
        }
        return other
    }

    /// Has the outcome of another look-up, which is cancelled with this one.
    @usableFromInline
    func follow(_ other: PendingLookup<Value>) {
        let isCancelled = self.state.withLock { state in
            guard state.outcome == nil else { return true }
            state.onCancel = { other.cancel() }
            return false
        }
        if isCancelled { other.cancel() }
        other.whenComplete { self.complete($0) }
    }
}
