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
    /// The HTTP client that the program has given, if any.
    private let givenHTTPClient: HTTPClient?

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - server: The API's base URL.
    ///   - key: The API key, of an organization or a gateway.
    ///   - organization: The organization that a gateway key acts for; a key of an organization needs none.
    ///   - retryPolicy: How often and when to retry.
    ///   - httpClient: The HTTP client for all requests; by default a shared one, which need not be shut down. Streams of
    ///     events and requests that wait each take one of its connections to the service, of which it has 8 by default.
    public init(
        server: ServerURL, key: APIKey, organization: OrganizationID? = nil, retryPolicy: RetryPolicy = .default,
        httpClient: HTTPClient? = nil
    ) {
        self.server = server
        self.key = key
        self.organization = organization
        self.retryPolicy = retryPolicy
        self.givenHTTPClient = httpClient
    }

    /// Sends what is answered at once.
    var httpClient: HTTPClient { self.givenHTTPClient ?? Self.sharedHTTPClient }

    /// The same client for requests whose response waits for something to happen: they have connections of their own, so
    /// that others need not wait with them.
    var waiting: CloakroomClient {
        CloakroomClient(
            server: self.server, key: self.key, organization: self.organization, retryPolicy: self.retryPolicy,
            httpClient: self.givenHTTPClient ?? Self.sharedWaitingHTTPClient)
    }

    /// Lives as long as the process.
    private static let sharedHTTPClient = Self.makeHTTPClient()
    /// Lives as long as the process.
    private static let sharedWaitingHTTPClient = Self.makeHTTPClient(connections: 1_000)

    /// Makes an HTTP client; without a number it has the library's of connections to a service at a time, 8.
    private static func makeHTTPClient(connections: Int? = nil) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        if let connections {
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        }
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(90))
        // Whether to try again is the retry policy's to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        // The key goes to nobody else.
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Returns the client of a gateway that acts for one organization.
    ///
    /// - Parameter organization: The organization.
    /// - Returns: The client.
    public func acting(for organization: OrganizationID) -> CloakroomClient {
        CloakroomClient(
            server: self.server, key: self.key, organization: organization, retryPolicy: self.retryPolicy,
            httpClient: self.givenHTTPClient)
    }
}
