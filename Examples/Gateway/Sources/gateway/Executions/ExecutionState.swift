/// Where an execution stands, and what may become of it.
///
/// `PENDING` → `PROCESSING` → `COMPLETED` or `FAILED`; `CANCELLED` from either of the first two. What has ended stays
/// as it is, whatever arrives late.
enum ExecutionState: Hashable, Sendable {
    case pending
    case processing
    case completed(ExecutionOutcome, latency: Duration)
    case failed(ExecutionFailure)
    case cancelled

    /// What happens to an execution.
    enum Event: Hashable, Sendable {
        case begin
        case complete(ExecutionOutcome, latency: Duration)
        case fail(ExecutionFailure)
        case cancel
    }

    /// What is to be done with the amount that is held for an execution.
    enum Action: Hashable, Sendable {
        case keepHold
        case releaseHold
        /// The hold is released, and the cost taken off the balance.
        case charge
    }

    /// The name on the wire.
    var name: String {
        switch self {
        case .pending: "PENDING"
        case .processing: "PROCESSING"
        case .completed: "COMPLETED"
        case .failed: "FAILED"
        case .cancelled: "CANCELLED"
        }
    }

    /// Whether nothing can happen any more.
    var isTerminal: Bool {
        switch self {
        case .pending, .processing: false
        case .completed, .failed, .cancelled: true
        }
    }

    /// Moves on.
    ///
    /// - Parameter event: What happened.
    /// - Returns: What is to be done; `nil` where the event has no place here and nothing has changed.
    mutating func apply(_ event: Event) -> Action? {
        switch (self, event) {
        case (.pending, .begin):
            self = .processing
            return .keepHold
        case (.processing, .complete(let outcome, let latency)):
            self = .completed(outcome, latency: latency)
            return .charge
        case (.pending, .fail(let failure)), (.processing, .fail(let failure)):
            self = .failed(failure)
            return .releaseHold
        case (.pending, .cancel), (.processing, .cancel):
            self = .cancelled
            return .releaseHold
        case (.pending, .complete), (.processing, .begin), (.completed, _), (.failed, _), (.cancelled, _):
            return nil
        }
    }
}
