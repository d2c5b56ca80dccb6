import CloakroomClient
import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import Synchronization
import Testing

/// The client against a service.
@Suite(.serialized)
struct ClientTests {
    /// In Python, `bytes(i * 31 + 7 & 255 for i in range(count))`.
    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
    }

    /// Sizes, and what `hashlib.sha256` gives for the bytes.
    private static let digests = [
        1: "ca358758f6d27e6cf45272937977a748fd88391db679ceda7dc7bf1f005ee879",
        70_000: "3500f58cfd1bd88e231edf56dca995542a702bd54525804e5a8604c8aa5cb52e",
        3_000_000: "d781aa722f790c57bfd4fc25860267cfeb4ed410f07230aa41809a4c6c6246f1",
    ]

    private static func temporaryFile(_ name: String, _ bytes: [UInt8]) throws -> String {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cloakroom-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let url = directory.appending(path: name)
        try Data(bytes).write(to: url)
        return url.path(percentEncoded: false)
    }

    @Test(arguments: Self.digests)
    func filesGoUpAndComeDown(size: Int, digest: String) async throws {
        let bytes = Self.bytes(size)
        let path = try Self.temporaryFile("photo.png", bytes)
        let target = path + ".downloaded"
        try await Service.run { service in
            let client = try await service.client()
            let seen = Mutex<[Int64]>([])
            let file = try await client.upload(file: path) { progress in
                seen.withLock { $0.append(progress.transferred.bytes) }
            }
            #expect(file.mediaType.text == "image/png")
            #expect(file.sha256.hexadecimal == digest)
            #expect(seen.withLock { $0.last } == Int64(size))
            let shown = try await client.file(file.id)
            #expect((shown.size.bytes, shown.status, shown.sha256) == (Int64(size), .ready, file.sha256))
            #expect(try await client.download(file.id, to: target).id == file.id)
            #expect(Array(try Data(contentsOf: URL(filePath: target))) == bytes)
            let error = await #expect(throws: CloakroomError.self) {
                try await client.download(file.id, to: target, replacesExisting: false)
            }
            guard case .file = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func filesAreListedDeletedAndRevoked() async throws {
        try await Service.run { service in
            let client = try await service.client()
            var ids: [FileID] = []
            for index in 0..<7 {
                let bytes = ByteBuffer(bytes: Self.bytes(10 + index))
                let file = try await client.store(
                    bytes, filename: try Filename("f\(index).txt"), mediaType: try #require(MediaType("text/plain")))
                ids.append(file.id)
            }
            var listed: [FileID] = []
            for try await file in client.files(status: .ready, mediaRange: MediaRange("text/*"), pageSize: 3) {
                listed.append(file.id)
            }
            #expect(listed == ids.reversed())
            for try await file in client.files(mediaRange: MediaRange("image/*")) { Issue.record("\(file)") }
            try await client.delete(ids[0])
            await Self.expect("FILE_NOT_FOUND", 404) { _ = try await client.file(ids[0]) }
            await Self.expect("FILE_NOT_FOUND", 404) { try await client.delete(ids[0]) }
            try await client.revokeURLs(of: ids[1])
            #expect(try await client.downloadLink(ids[1]).size.bytes == 11)
        }
    }

    @Test func sameKeyDeclaresOneFile() async throws {
        try await Service.run { service in
            let client = try await service.client()
            let declaration = UploadDeclaration(
                filename: try Filename("a"), mediaType: .octetStream, size: .one, sha256: nil)
            let key = try #require(IdempotencyKey("k"))
            let first = try await client.requestUpload(declaration, key: key)
            #expect(try await client.requestUpload(declaration, key: key).id == first.id)
            #expect(try await client.requestUpload(declaration).id != first.id)
            #expect(try await client.renewUpload(first.id).id == first.id)
        }
    }

    @Test func filesAreGivenAnEnd() async throws {
        let path = try Self.temporaryFile("notes.txt", Self.bytes(10))
        try await Service.run { service in
            let client = try await service.client()
            let text = try #require(MediaType("text/plain"))
            let stored = try await client.store(
                ByteBuffer(string: "x"), filename: try Filename("a.txt"), mediaType: text, expiresAfterSeconds: 3_000)
            #expect(stored.expiresAt == stored.createdAt.advanced(bySeconds: 3_000))
            let uploaded = try await client.file(try await client.upload(file: path, expiresAfterSeconds: 4_000).id)
            #expect(uploaded.expiresAt == uploaded.createdAt.advanced(bySeconds: 4_000))
            let declaration = UploadDeclaration(
                filename: try Filename("a.txt"), mediaType: text, size: .one, sha256: nil)
            let ticket = try await client.requestUpload(declaration, expiresAfterSeconds: 60)
            let declared = try await client.file(ticket.id)
            #expect(declared.expiresAt == declared.createdAt.advanced(bySeconds: 60))
            #expect(ticket.expiresAt == declared.expiresAt)
            await Self.expect("INPUT_VALIDATION_ERROR", 400) {
                _ = try await client.requestUpload(declaration, expiresAfterSeconds: 0)
            }
        }
    }

    @Test func gatewayResolves() async throws {
        try await Service.run { service in
            let acme = try #require(OrganizationID("acme"))
            let gateway = try await service.client(.gateway)
            let bytes = ByteBuffer(string: "a picture")
            let image = try #require(MediaType("image/png"))
            let file = try await gateway.acting(for: acme).store(
                bytes, filename: try Filename("a.png"), mediaType: image)
            let resolved = try await gateway.resolve([file.id], of: acme, accept: [try #require(MediaRange("image/*"))])
            #expect(resolved[file.id]?.sha256 == file.sha256)
            let text = #"{"n": 1.50, "image": "\#(file.id)"}"#
            let input = try await gateway.resolveInput(Array(text.utf8), of: acme)
            let url = try #require(input.files[file.id]?.url)
            #expect(String(decoding: input.json, as: UTF8.self) == #"{"n": 1.50, "image": "\#(url)"}"#)
            #expect(input.files[file.id]?.pointers.map(\.description) == ["/image"])
            let places = [try #require(JSONPointer("/image")): [try #require(MediaRange("audio/*"))]]
            await Self.expect("FILE_FORMAT_UNSUPPORTED", 422) {
                _ = try await gateway.resolveInput(Array(text.utf8), of: acme, accept: places)
            }
            await Self.expect("FILE_NOT_FOUND", 404) { _ = try await gateway.resolve([file.id], of: .default) }
            await Self.expect("INPUT_VALIDATION_ERROR", 400) {
                _ = try await gateway.resolveInput(Array(#"["https://x.test"]"#.utf8), of: acme)
            }
        }
    }

    @Test func keysAreManaged() async throws {
        try await Service.run { service in
            let client = try await service.client()
            let made = try await client.createKey(name: "ci", permissions: [.filesRead])
            let reader = CloakroomClient(server: service.server, key: made.key)
            for try await file in reader.files() { Issue.record("\(file)") }
            await Self.expect("FORBIDDEN", 403) { _ = try await reader.keys() }
            let rotated = try await client.rotateKey(made.description.id, gracePeriodSeconds: 60)
            #expect(rotated.description.permissions == [.filesRead])
            let listed = try await client.keys()
            #expect(listed.first { $0.id == made.description.id }?.expiresAt != nil)
            try await client.revokeKey(made.description.id)
            await Self.expect("UNAUTHORIZED", 401) { for try await _ in reader.files() {} }
            await Self.expect("KEY_NOT_FOUND", 404) { _ = try await client.rotateKey(made.description.id) }
        }
    }

    @Test func serviceThatIsNotThereIsSaidToBe() async throws {
        let client = CloakroomClient(
            server: try #require(ServerURL("http://127.0.0.1:1")), key: try APIKey.generate(), retryPolicy: .none)
        await #expect(throws: CloakroomError.connection("Connection refused")) { try await client.keys() }
    }

    private static func expect(
        _ code: String, _ status: Int, _ body: () async throws -> Void
    ) async {
        let error = await #expect(throws: CloakroomError.self) { try await body() }
        guard case .service(let service) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect((service.code, service.status) == (code, status))
        #expect(service.requestID != nil)
    }
}
