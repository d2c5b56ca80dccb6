public import AsyncHTTPClient
public import CloakroomDomain
import NIOCore

/// A client of a Cloakroom service: it uploads, downloads, lists and deletes files, and resolves file references.
///
/// Calls are retried if that is safe (``RetryPolicy``). Every failure is a ``CloakroomError``. Files are streamed and never
/// held in memory as a whole. A client is a value and can be copied freely.
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
    ///   - organization: The organization that a gateway key acts for; a key of an organization needs none.
    ///   - retryPolicy: How often and when to retry.
    ///   - httpClient: The HTTP client for all requests; by default a shared one, which need not be shut down.
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

    /// Returns the client of a gateway that acts for one organization.
    ///
    /// - Parameter organization: The organization.
    /// - Returns: The client.
    public func acting(for organization: OrganizationID) -> CloakroomClient {
        CloakroomClient(
            server: self.server, key: self.key, organization: organization, retryPolicy: self.retryPolicy,
            httpClient: self.httpClient)
    }
}
