import CloakroomDomain

/// One run of a model, as its customer sees it.
struct Execution: Hashable, Sendable {
    let id: ExecutionID
    let organization: OrganizationID
    /// The model's name.
    let model: String
    let cost: Amount
    let hold: Amount
    let createdAt: Timestamp
    /// When it fails if it has not ended.
    let expiresAt: Timestamp
    var state: ExecutionState

    init(of model: Model, for organization: OrganizationID, now: Timestamp) {
        self.id = ExecutionID()
        self.organization = organization
        self.model = model.name
        self.cost = model.cost
        self.hold = model.hold
        self.createdAt = now
        self.expiresAt = now.advanced(bySeconds: model.lifetimeSeconds)
        self.state = .pending
    }
}
