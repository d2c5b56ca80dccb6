import CloakroomDomain
import Synchronization

/// The one ``ExecutionBook``, for everyone who works with it, in memory: a restart forgets it.
final class Executions: Sendable {
    private let book: Mutex<ExecutionBook>

    init(accounts: [Account]) {
        self.book = Mutex(ExecutionBook(accounts))
    }

    /// As ``ExecutionBook/execution(repeating:of:now:)``.
    func execution(
        repeating submission: IdempotentSubmission, of organization: OrganizationID, now: Timestamp
    ) throws(GatewayError) -> Execution? {
        try self.book.withLock { book throws(GatewayError) in
            try book.execution(repeating: submission, of: organization, now: now)
        }
    }

    /// As ``ExecutionBook/submit(_:_:)``.
    func submit(
        _ execution: Execution, _ submission: IdempotentSubmission?
    ) throws(GatewayError) -> ExecutionBook.Submission {
        try self.book.withLock { book throws(GatewayError) in try book.submit(execution, submission) }
    }

    /// As ``ExecutionBook/execution(_:of:)``.
    func execution(_ id: ExecutionID, of organization: OrganizationID) throws(GatewayError) -> Execution {
        try self.book.withLock { book throws(GatewayError) in try book.execution(id, of: organization) }
    }

    /// As ``ExecutionBook/apply(_:to:)``.
    func apply(_ event: ExecutionState.Event, to id: ExecutionID) -> Bool {
        self.book.withLock { $0.apply(event, to: id) }
    }

    /// As ``ExecutionBook/attach(_:to:)``.
    func attach(_ task: Task<Void, Never>, to id: ExecutionID) {
        self.book.withLock { $0.attach(task, to: id) }
    }

    /// As ``ExecutionBook/cancel(_:of:)``.
    func cancel(_ id: ExecutionID, of organization: OrganizationID) throws(GatewayError) -> Execution {
        try self.book.withLock { book throws(GatewayError) in try book.cancel(id, of: organization) }
    }
}
