import CloakroomDomain
import CloakroomStore
import NIOCore
import ServiceLifecycle

/// Says on standard output where the listeners are, once all of them accept, and the first API key.
///
/// Whoever started the server waits for these lines: where they cannot be written, the server ends.
final class Announcement: Service {
    enum Listener: String, CaseIterable {
        case api, storage, operations
    }

    private let apiURL: StorageURL?
    private let firstStart: FirstStart
    private let onStarted: @Sendable ([Listener: String]) -> Void
    private let addresses: AsyncStream<(Listener, String)>
    private let accepted: AsyncStream<(Listener, String)>.Continuation

    init(apiURL: StorageURL?, firstStart: FirstStart, onStarted: @escaping @Sendable ([Listener: String]) -> Void) {
        self.apiURL = apiURL
        self.firstStart = firstStart
        self.onStarted = onStarted
        (self.addresses, self.accepted) = AsyncStream.makeStream()
    }

    func listening(_ listener: Listener, _ address: SocketAddress) {
        self.accepted.yield((listener, Self.url(address)))
    }

    /// Waits for the listeners, announces them, and is there until the server shuts down.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var urls: [Listener: String] = [:]
            for await (listener, url) in self.addresses {
                urls[listener] = url
                if urls.count == Listener.allCases.count { break }
            }
            guard !Task.isCancelled else { return }
            try await self.announce(urls)
        }
        try await gracefulShutdown()
    }

    private func announce(_ urls: [Listener: String]) async throws {
        self.onStarted(urls)
        for listener in Listener.allCases {
            try StandardOutput.print("\(listener.rawValue) \(urls[listener] ?? "")")
        }
        do throws {
            try await self.firstStart.makeAPIKey { key in
                try StandardOutput.print(Self.introduction(of: key, api: self.apiURL?.description ?? urls[.api] ?? ""))
            }
        } catch let error as StorageError {
            StandardError.write("the first API key cannot be created: \(error); create one with cloakroom keys create")
        }
    }

    private static func url(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? ""
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }

    private static func introduction(of key: APIKey, api: String) -> String {
        """

        First start. The API key of the organization "default", which is shown only once:

          \(key.reveal())

        To upload a photo and download it again, run this in another terminal. Set FILE to one of your photos.

          KEY=\(key.reveal())
          FILE=photo.jpg
          REPLY=$(curl -sS \(api)/v1/files/upload -H "Authorization: Bearer $KEY" \\
            -H 'Content-Type: application/json' -d "{\\"filename\\": \\"photo.jpg\\", \\
            \\"content_type\\": \\"image/jpeg\\", \\"size_bytes\\": $(stat -c %s "$FILE")}")
          URL=$(printf %s "$REPLY" | sed 's/.*"upload_url":"\\([^"]*\\)".*/\\1/')
          ID=$(printf %s "$REPLY" | sed 's/.*"file_id":"\\([^"]*\\)".*/\\1/')
          curl -sS -X PUT "$URL" -H 'Content-Type: image/jpeg' --data-binary @"$FILE"
          curl -sS \(api)/v1/files/$ID/download -H "Authorization: Bearer $KEY" -o downloaded.jpg
          sha256sum "$FILE" downloaded.jpg
        """
    }
}
