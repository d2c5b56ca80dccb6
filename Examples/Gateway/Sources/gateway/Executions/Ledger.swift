import CloakroomDomain

/// What organizations have, and what of it is held for executions that have not ended.
struct Ledger: Sendable {
    /// There is less than what is to be held.
    struct Shortage: Error, Hashable, Sendable {
        let required: Amount
        let available: Amount
    }

    private struct Entry {
        var balance: Amount
        var held = Amount.zero
    }

    private var entries: [OrganizationID: Entry] = [:]

    init(_ accounts: [Account]) {
        for account in accounts { self.entries[account.organization] = Entry(balance: account.balance) }
    }

    /// Holds an amount.
    ///
    /// - Throws: ``Shortage`` where the balance less all holds is smaller.
    mutating func hold(_ amount: Amount, of organization: OrganizationID) throws(Shortage) {
        let entry = self.entries[organization] ?? Entry(balance: .zero)
        let available = entry.balance - entry.held
        guard amount <= available else { throw Shortage(required: amount, available: available) }
        self.entries[organization] = Entry(balance: entry.balance, held: entry.held + amount)
    }

    /// Releases what was held.
    mutating func release(_ amount: Amount, of organization: OrganizationID) {
        guard let entry = self.entries[organization] else { return }
        self.entries[organization] = Entry(balance: entry.balance, held: entry.held - amount)
    }

    /// Takes a cost off the balance.
    mutating func charge(_ cost: Amount, of organization: OrganizationID) {
        guard let entry = self.entries[organization] else { return }
        self.entries[organization] = Entry(balance: entry.balance - cost, held: entry.held)
    }
}
