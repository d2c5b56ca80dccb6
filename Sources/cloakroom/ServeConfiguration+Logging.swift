import CloakroomDomain
import CloakroomServer
import Logging

extension ServeConfiguration {
    /// What the log says of a server that has started; nothing in it is secret.
    func startMetadata(listeners: [Announcement.Listener: String], maximumConnections: Int) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "server.version": "\(Version.text)", "data.directory": "\(self.dataDirectory)",
            "api.url": "\(self.apiURL?.description ?? listeners[.api] ?? "")",
            "storage.url": "\(self.publicStorageURLs ?? listeners[.storage] ?? "")", "region": "\(self.region)",
            "limits.url_lifetime_seconds": "\(self.urlLifetimeSeconds)",
            "limits.max_size_bytes": "\(self.maximumSize)",
            "limits.connections_per_origin": "\(maximumConnections)",
            "limits.requests_per_second": "\(Self.limit(self.requestsPerSecond))",
            "limits.concurrent_requests_per_key": "\(Self.limit(self.concurrentRequestsPerKey))",
            "limits.connections_per_address": "\(Self.limit(self.connectionsPerAddress))",
            "limits.download_stall_seconds": "\(self.downloadStallSeconds)",
            "limits.shutdown_timeout_seconds": "\(self.shutdownTimeoutSeconds)",
            "access_log": "\(self.accessLog?.description ?? "off")",
        ]
        for (listener, url) in listeners {
            metadata["\(listener.rawValue).address"] = "\(url.dropFirst("http://".count))"
        }
        return metadata
    }

    private var publicStorageURLs: String? {
        self.storageURLs.isEmpty ? nil : self.storageURLs.map(\.description).joined(separator: ",")
    }

    private static func limit(_ number: Int?) -> String { number.map { "\($0)" } ?? "none" }
}
