import CloakroomDomain
import CloakroomLocal
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem
import Foundation
import Logging

@testable import CloakroomServer

/// What is measured, each on a file and a URL like those of a client.
enum Operation: String, CaseIterable {
    case verify
    case mint
    case parseHead = "parse-head"
    case pointRead = "point-read"
    case insert

    func run(count: Int) async throws {
        switch self {
        case .verify: try Self.verify(count)
        case .mint: try Self.mint(count)
        case .parseHead: try Self.parseHead(count)
        case .pointRead: try await Self.pointRead(count)
        case .insert: try await Self.insert(count)
        }
    }

    /// Verifies a presigned GET.
    private static func verify(_ count: Int) throws {
        let example = try Example()
        let request = try example.request()
        let verifier = Verifier(policy: example.policy)
        for _ in 0..<count {
            guard case .download = try verifier.verify(request, keyRing: example.keyRing, now: example.now) else {
                throw Example.Unexpected()
            }
        }
    }

    /// Mints a presigned PUT.
    private static func mint(_ count: Int) throws {
        let example = try Example()
        let minter = PresignedURL.Presigner(policy: example.policy, keyRing: example.keyRing)
        for _ in 0..<count { _ = minter.upload(example.file, now: example.now) }
    }

    /// Parses the head of a presigned GET with five fields.
    private static func parseHead(_ count: Int) throws {
        let head = try Example().head()
        try head.withUnsafeBytes { bytes in
            for _ in 0..<count {
                guard case .head = try HTTPHeadParser.parse(bytes) else { throw Example.Unexpected() }
            }
        }
    }

    /// Reads a row by its id, of 1,000.
    private static func pointRead(_ count: Int) async throws {
        try await self.withRows { catalog, example in
            let files = try (0..<1_000).map { try example.file(number: $0) }
            for file in files { try await catalog.insert(file) }
            for index in 0..<count {
                guard try catalog.file(files[index % files.count].id) != nil else { throw Example.Unexpected() }
            }
        }
    }

    /// Inserts a row and commits it, one after the other.
    private static func insert(_ count: Int) async throws {
        try await self.withRows { catalog, example in
            for number in 0..<count { try await catalog.insert(try example.file(number: number)) }
        }
    }

    private static func withRows(_ body: (Catalog, Example) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "microbenchmarks-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let directory = try DataDirectory(path: path, exclusively: true)
        let health = StorageHealth(logger: Logger(label: "microbenchmarks"))
        let local = try await LocalStore.open(directory, health: health, now: SystemClock().now)
        try await body(local.pair.catalog, try Example())
        try await local.shutDown()
    }
}
