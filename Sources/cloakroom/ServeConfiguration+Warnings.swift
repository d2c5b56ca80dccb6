import CloakroomDomain
import CloakroomServer

extension ServeConfiguration {
    /// What is allowed and hardly meant.
    var warnings: [String] {
        guard self.storageURLs.isEmpty else {
            return self.storageURLs.filter { Self.isWildcard($0.host) }.map { url in
                "storage-url: presigned URLs with \(url) do not work on other machines; \(Self.advice)"
            }
        }
        let storage = self.storageAddress
        guard storage.isWildcard || (storage.isLoopback && !self.apiAddress.isLoopback) else { return [] }
        let address = storage.port == 0 ? "\(storage)".dropLast() + "<port>" : "\(storage)"
        return [
            """
            storage-url is not set: clients get presigned URLs that begin with http://\(address), which do not work on \
            other machines; \(Self.advice)
            """
        ]
    }

    private static let advice = "set storage-url to the URL at which clients reach the storage origin"

    private static func isWildcard(_ authority: String) -> Bool {
        (ListenAddress(authority) ?? ListenAddress(authority + ":0"))?.isWildcard ?? false
    }
}
