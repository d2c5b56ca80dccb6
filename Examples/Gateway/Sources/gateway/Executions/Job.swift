import CloakroomDomain

/// What it takes to carry out an execution.
struct Job: Sendable {
    let id: ExecutionID
    let organization: OrganizationID
    let model: Model
    let command: CommandTemplate
    let values: InputValues
    let submittedAt: ContinuousClock.Instant

    /// When the execution fails if it has not ended.
    var deadline: ContinuousClock.Instant {
        self.submittedAt.advanced(by: .seconds(self.model.lifetimeSeconds))
    }
}
