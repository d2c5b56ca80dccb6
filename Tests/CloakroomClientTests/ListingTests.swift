import CloakroomClient
import CloakroomDomain
import CloakroomServer
import CloakroomLocal
import CloakroomStore
import CloakroomSystem
import Foundation
import NIOCore
import Testing

/// The listings of the client's DocC page, as they are there; `test_listings.py` compares the two.
@Suite(.serialized)
struct ListingTests {
    private static let picture = Data("a picture".utf8)

    @Test func clientIsMade() throws {
        // A malformed URL or key would end the process.
        _ = Self.makeClient(try APIKey.generate().reveal())
    }

    @Test func filesAreTransferred() async throws {
        let path = try Self.temporaryFile("photo.png")
        try await Service.run { service in
            try await Self.transfer(path, try await service.client())
        }
        #expect(try Data(contentsOf: URL(filePath: path + ".copy")) == Self.picture)
    }

    @Test func eventsArePrinted() async throws {
        try await ScriptedServer.run(
            [.json(EventFixture.page([], next: "g.0"))], [.stream, .event("g.1")], [.error("410 Gone", "GONE")]
        ) { server in
            await #expect(throws: CloakroomError.self) { try await Self.hear(server.client()) }
            #expect(server.heads.count == 3)
        }
    }

    @Test func deliveryIsVerified() throws {
        let (secret, now) = (try WebhookSecret.generate(), SystemClock().now)
        let body = Array(EventFixture.ready.utf8)
        let headers = [
            (name: "webhook-id", value: EventFixture.id),
            (name: "webhook-timestamp", value: "\(now.secondsSinceEpoch)"),
            (
                name: "webhook-signature",
                value: WebhookSignature.sign(id: EventFixture.id, timestamp: now, body: body, secrets: [secret])
            ),
        ]
        #expect(try Self.verify(headers, body, secret.reveal()).type == .ready)
    }

    @Test func inputIsResolved() async throws {
        let path = try Self.temporaryFile("photo.png")
        try await Service.run { service in
            let organization = try #require(OrganizationID("acme"))
            let (_, gatewayKey) = try await service.keys.create(
                for: .gateway, name: "", permissions: [.filesRead, .filesWrite], now: SystemClock().now)
            let gateway = CloakroomClient(server: service.server, key: gatewayKey)
            let id = try await gateway.acting(for: organization).upload(file: path).id
            let body = Data(#"{"image": "\#(id)"}"#.utf8)
            let (input, stored) = try await Self.resolve(body, path, service.server, gatewayKey, organization)
            #expect(String(decoding: input.json, as: UTF8.self).hasPrefix(#"{"image": "http://"#))
            #expect(stored.size.bytes == Int64(Self.picture.count))
        }
    }

    @Test func failureIsTold() async throws {
        try await Service.run { service in
            let client = try await service.client()
            let id = try await client.store(
                ByteBuffer(string: "x"), filename: try Filename("a"), mediaType: .octetStream
            ).id
            try await client.delete(id)
            try await Self.status(id, client)
            let stranger = CloakroomClient(server: service.server, key: try APIKey.generate())
            await #expect(throws: CloakroomError.self) { try await Self.status(id, stranger) }
        }
    }

    // MARK: The listings

    private static func makeClient(_ secret: String) -> CloakroomClient {
        guard let server = ServerURL("https://files.example.com"), let key = APIKey(secret) else {
            fatalError("The URL or the API key is malformed.")
        }
        let client = CloakroomClient(server: server, key: key)
        return client
    }

    private static func transfer(_ path: String, _ client: CloakroomClient) async throws {
        let file = try await client.upload(file: path) { progress in
            print("\(progress.transferred) of \(progress.total) bytes")
        }
        let copy = try await client.download(file.id, to: path + ".copy")

        for try await file in client.files(mediaRange: MediaRange("image/*")) {
            print(file.id, file.filename, file.size)
        }
        #expect(copy.id == file.id)
    }

    private static func hear(_ client: CloakroomClient) async throws {
        for try await (event, cursor) in client.events(after: .now, types: [.ready]) {
            print(event.file?.id.description ?? event.id, cursor)
        }
    }

    private static func verify(
        _ headers: [(name: String, value: String)], _ body: [UInt8], _ secret: String
    ) throws -> FileEvent {
        guard let webhookSecret = WebhookSecret(secret) else {
            fatalError("The secret is malformed.")
        }
        let event = try Webhook.verify(headers: headers, body: body, secret: webhookSecret)
        return event
    }

    private static func resolve(
        _ body: Data, _ path: String, _ server: ServerURL, _ gatewayKey: APIKey, _ organization: OrganizationID
    ) async throws -> (ResolvedInput, UploadedFile) {
        guard let image = JSONPointer("/image"), let images = MediaRange("image/*") else {
            fatalError("The pointer or the range is malformed.")
        }
        let gateway = CloakroomClient(server: server, key: gatewayKey)
        let input = try await gateway.resolveInput(Array(body), of: organization, accept: [image: [images]])
        let stored = try await gateway.acting(for: organization).upload(file: path)
        return (input, stored)
    }

    private static func status(_ id: FileID, _ client: CloakroomClient) async throws {
        do {
            print(try await client.file(id).status)
        } catch {
            guard case .service(let failure) = error, failure.code == "FILE_NOT_FOUND" else { throw error }
            print("There is no such file.")
        }
    }

    private static func temporaryFile(_ name: String) throws -> String {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cloakroom-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let url = directory.appending(path: name)
        try Self.picture.write(to: url)
        return url.path(percentEncoded: false)
    }
}
