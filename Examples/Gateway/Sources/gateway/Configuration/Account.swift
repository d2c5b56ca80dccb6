import CloakroomCrypto
import CloakroomDomain

/// A customer: its organization, by which key it is known, and what it has.
struct Account: Sendable {
    let organization: OrganizationID
    /// The SHA-256 of the key; the key itself is the customer's alone.
    let keyDigest: SHA256Digest
    let balance: Amount

    init(_ document: ConfigurationDocument.Account) throws(ConfigurationError) {
        guard let organization = OrganizationID(document.organization) else {
            throw ConfigurationError(
                "accounts: organization \"\(document.organization)\" must be \(OrganizationID.rule)")
        }
        guard let digest = SHA256Digest(hexadecimal: document.keySHA256) else {
            throw ConfigurationError("accounts: key_sha256 of \(organization) must be 64 hexadecimal digits")
        }
        guard let balance = Amount(document.balance) else {
            throw ConfigurationError("accounts: balance of \(organization) must be a decimal number in a string")
        }
        self.organization = organization
        self.keyDigest = digest
        self.balance = balance
    }
}
