import CloakroomDomain

/// All executions and balances: rules and state, without a clock or a lock of its own.
struct ExecutionBook: Sendable {
    /// What became of a submission.
    enum Submission: Sendable {
        /// It is a new execution; the stream ends when the execution does.
        case new(end: AsyncStream<Void>)
        /// It was sent before.
        case repeated(Execution)
    }

    private struct RepetitionIndex: Hashable {
        let organization: OrganizationID
        let key: IdempotencyKey
    }

    private struct Repetition {
        let submission: IdempotentSubmission
        let execution: ExecutionID
    }

    private var ledger: Ledger
    private var executions: [ExecutionID: Execution] = [:]
    private var repetitions: [RepetitionIndex: Repetition] = [:]
    private var ends: [ExecutionID: AsyncStream<Void>.Continuation] = [:]
    private var work: [ExecutionID: Task<Void, Never>] = [:]

    init(_ accounts: [Account]) {
        self.ledger = Ledger(accounts)
    }

    /// Returns the execution that a repeated submission made, `nil` where it is none.
    ///
    /// - Throws: ``GatewayError/idempotencyKeyReused`` where the key came with another body.
    func execution(
        repeating submission: IdempotentSubmission, of organization: OrganizationID, now: Timestamp
    ) throws(GatewayError) -> Execution? {
        let index = RepetitionIndex(organization: organization, key: submission.key)
        guard let known = self.repetitions[index], let execution = self.executions[known.execution],
            now < execution.createdAt.advanced(bySeconds: IdempotencyKey.lifetimeSeconds)
        else { return nil }
        guard known.submission == submission else { throw .idempotencyKeyReused }
        return execution
    }

    /// Enters an execution and holds its amount.
    ///
    /// - Throws: ``GatewayError/insufficientBalance(_:)``, ``GatewayError/idempotencyKeyReused``.
    mutating func submit(
        _ execution: Execution, _ submission: IdempotentSubmission?
    ) throws(GatewayError) -> Submission {
        let organization = execution.organization
        // Another request with the same key may have come this far in the meantime.
        if let submission,
            let known = try self.execution(repeating: submission, of: organization, now: execution.createdAt)
        {
            return .repeated(known)
        }
        do throws(Ledger.Shortage) {
            try self.ledger.hold(execution.hold, of: organization)
        } catch {
            throw .insufficientBalance(error)
        }
        let (end, continuation) = AsyncStream.makeStream(of: Void.self)
        self.executions[execution.id] = execution
        self.ends[execution.id] = continuation
        if let submission {
            self.repetitions[RepetitionIndex(organization: organization, key: submission.key)] = Repetition(
                submission: submission, execution: execution.id)
        }
        return .new(end: end)
    }

    /// Returns an execution of an organization; another's is as unknown as one that never was.
    func execution(_ id: ExecutionID, of organization: OrganizationID) throws(GatewayError) -> Execution {
        guard let execution = self.executions[id], execution.organization == organization else {
            throw .executionNotFound
        }
        return execution
    }

    /// Lets something happen to an execution; `false` where it has no place any more.
    mutating func apply(_ event: ExecutionState.Event, to id: ExecutionID) -> Bool {
        guard var execution = self.executions[id], let action = execution.state.apply(event) else { return false }
        self.executions[id] = execution
        switch action {
        case .keepHold: break
        case .releaseHold: self.ledger.release(execution.hold, of: execution.organization)
        case .charge:
            self.ledger.release(execution.hold, of: execution.organization)
            self.ledger.charge(execution.cost, of: execution.organization)
        }
        if execution.state.isTerminal {
            self.ends.removeValue(forKey: id)?.finish()
            // Work that has not ended by itself is not wanted any more.
            self.work.removeValue(forKey: id)?.cancel()
        }
        return true
    }

    /// Notes the work on an execution, which ends with it.
    mutating func attach(_ task: Task<Void, Never>, to id: ExecutionID) {
        if let execution = self.executions[id], !execution.state.isTerminal {
            self.work[id] = task
        } else {
            task.cancel()
        }
    }

    /// Cancels an execution; one that was cancelled before stays so.
    ///
    /// - Throws: ``GatewayError/executionNotFound``, ``GatewayError/executionFinished(_:)``.
    mutating func cancel(_ id: ExecutionID, of organization: OrganizationID) throws(GatewayError) -> Execution {
        let execution = try self.execution(id, of: organization)
        guard !self.apply(.cancel, to: id) else { return try self.execution(id, of: organization) }
        guard execution.state == .cancelled else { throw .executionFinished(execution.state.name) }
        return execution
    }
}
