import CloakroomCrypto
import CloakroomDomain
import HTTPTypes
import Hummingbird

/// Finds out which customer is asking.
struct Authenticator: Sendable {
    let accounts: [Account]

    /// Returns the account of a request's key, `Authorization: Bearer …` or `Authorization: Key …`.
    ///
    /// - Throws: ``GatewayError/unauthorized``, the same for a missing, malformed and unknown key.
    func account(_ request: Request) throws(GatewayError) -> Account {
        guard let key = Self.presentedKey(request) else { throw .unauthorized }
        let digest = SHA256.hash(Array(key.utf8))
        var found: Account?
        // Every account is looked at, and each digest compared as a whole.
        for account in self.accounts where account.keyDigest.isEqualInConstantTime(to: digest) { found = account }
        guard let account = found else { throw .unauthorized }
        return account
    }

    private static func presentedKey(_ request: Request) -> Substring? {
        let values = request.headers[values: .authorization]
        guard values.count == 1 else { return nil }
        let parts = values[0].split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, ["bearer", "key"].contains(parts[0].lowercased()) else { return nil }
        return parts[1]
    }
}
