public import AsyncHTTPClient
public import CloakroomDomain
import NIOCore

/// A client of a Cloakroom service: files up and down, and what a gateway needs of them.
///
/// Calls are retried where that is safe, as ``RetryPolicy`` says; every failure is a ``CloakroomError``. Bytes are streamed
/// both ways, a file is never held in memory. A client is a value without state of its own: copy it freely.
public struct CloakroomClient: Sendable {
    let server: ServerURL
    let key: APIKey
    let organization: OrganizationID?
    let retryPolicy: RetryPolicy
    let httpClient: HTTPClient

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - server: The API's base URL.
    ///   - key: The API key, of an organization or a gateway.
    ///   - organization: For whom a gateway's key acts; an organization's key needs none.
    ///   - retryPolicy: How often and when to try again.
    ///   - httpClient: What carries the requests; by default one that all clients share, and that needs no shutting down.
    public init(
        server: ServerURL, key: APIKey, organization: OrganizationID? = nil, retryPolicy: RetryPolicy = .default,
        httpClient: HTTPClient? = nil
    ) {
        self.server = server
        self.key = key
        self.organization = organization
        self.retryPolicy = retryPolicy
        self.httpClient = httpClient ?? Self.sharedHTTPClient
    }

    /// Lives as long as the process.
    private static let sharedHTTPClient: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(90))
        // Whether to try again is the retry policy's to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        // The key goes to nobody else.
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Returns a gateway's client that acts for one organization.
    ///
    /// - Parameter organization: For whom.
    /// - Returns: A gateway's client that acts for one organization.
    public func acting(for organization: OrganizationID) -> CloakroomClient {
        CloakroomClient(
            server: self.server, key: self.key, organization: organization, retryPolicy: self.retryPolicy,
            httpClient: self.httpClient)
    }
}
