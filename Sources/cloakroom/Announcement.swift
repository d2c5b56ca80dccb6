import CloakroomDomain
import CloakroomStorage
import NIOCore
import Synchronization

import Glibc

/// Says on standard output where the listeners are, once all of them accept.
final class Announcement: Sendable {
    enum Listener: String, CaseIterable {
        case api, storage, operations
    }

    private let apiURL: StorageURL?
    private let firstStart: FirstStart
    private let addresses = Mutex<[Listener: String]>([:])

    init(apiURL: StorageURL?, firstStart: FirstStart) {
        self.apiURL = apiURL
        self.firstStart = firstStart
    }

    /// Notes that a listener accepts.
    func listening(_ listener: Listener, _ address: SocketAddress) async {
        let addresses = self.addresses.withLock { addresses in
            addresses[listener] = Self.url(address)
            return addresses
        }
        guard addresses.count == Listener.allCases.count else { return }
        for listener in Listener.allCases { print("\(listener.rawValue) \(addresses[listener] ?? "")") }
        fflush(nil)
        do throws(StorageError) {
            guard let key = try await self.firstStart.makeAPIKey() else { return }
            self.introduce(key, api: self.apiURL?.description ?? addresses[.api] ?? "")
            fflush(nil)
        } catch {
            StandardError.write("the first API key cannot be created: \(error); create one with cloakroom keys create")
        }
    }

    private static func url(_ address: SocketAddress) -> String {
        let host = address.ipAddress ?? ""
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }

    private func introduce(_ key: APIKey, api: String) {
        print(
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
            """)
    }
}
