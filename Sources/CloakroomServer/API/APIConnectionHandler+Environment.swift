import CloakroomDomain
import HTTPTypes
import NIOConcurrencyHelpers

extension APIConnectionHandler {
    /// What all connections of the API share.
    struct Environment: Sendable {
        /// The API's connections, looked at once a second.
        let groups = ConnectionGroups()
        let connections: ConnectionMeter
        /// The most of them; further ones are closed at once.
        let maximumConnections: Int
        /// The connections that wait for slow clients.
        let expendable: ExpendableConnections
        /// How long a client may take nothing of a download, in seconds.
        let downloadStallSeconds: Int
        /// The most bytes of a rejected request's body that are read and dropped.
        let maximumDrainedBytes: Int64
        /// Counts the connections of each client address; `nil` for any number.
        let limiter: ConnectionLimiter?
        /// `nil`: requests are not logged.
        let accessLog: AccessLog?
    }

    /// Asks for `100 Continue`.
    struct ContinueEvent: Sendable {}

    /// Hands over the permit that a request has among those of its key, to be released when the client stops reading.
    struct HoldingEvent: Sendable {
        let permit: ConcurrencyLimiter<APIKeyID>.Permit
    }

    /// Asks for the trailers of the request that is responded to, whose body has been read.
    struct TrailersEvent: Sendable {
        let trailers = NIOLockedValueBox<HTTPFields?>(nil)
    }

    /// Asks to be told when the client leaves, or the server is about to stop.
    struct DepartureEvent: Sendable {
        let departure: Departure
    }

    /// Hands over the line of the access log of the request that is responded to.
    struct AccessEvent: Sendable {
        let access: AccessEntry
    }
}
