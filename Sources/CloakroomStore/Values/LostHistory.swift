package import CloakroomDomain

/// What is known to be missing from the rows.
package struct LostHistory: Hashable, Sendable {
    /// When something was found to be missing first.
    package let since: Timestamp
    /// What was found; empty where only bodies without rows tell.
    package let details: [String]
    /// How many bodies have no rows.
    package let bodies: Int

    package init(since: Timestamp, details: [String], bodies: Int) {
        self.since = since
        self.details = details
        self.bodies = bodies
    }
}
