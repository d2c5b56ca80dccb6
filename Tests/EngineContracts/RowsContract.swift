import CloakroomCrypto
import CloakroomDomain
package import CloakroomStore
import Testing

/// What every engine of rows has to do, whatever it is made of.
///
/// Each function is given an engine without rows.
package struct RowsContract: Sendable {
    package typealias Engine = RowEngine & LocatorRows

    static let now = Timestamp(secondsSinceEpoch: 1_774_000_000)

    let rows: any Engine

    package init(_ rows: any Engine) {
        self.rows = rows
    }

    static func after(_ seconds: Int64) -> Timestamp { Self.now.advanced(bySeconds: seconds) }

    static func id(_ number: UInt64) -> FileID {
        FileID(milliseconds: 1_774_000_000_000 + number, sequence: 0, random: 7)
    }

    static func organization(_ name: String = "acme") throws -> OrganizationID { try #require(OrganizationID(name)) }

    static func digest(_ byte: UInt8) -> SHA256Digest { SHA256.hash([byte]) }

    static let locator = BlobLocator(ofRightLength: [1, 2, 3])

    /// A pending file whose upload expires after an hour.
    static func file(
        _ number: UInt64, of organization: String = "acme", size: Int = 10, type: String = "image/png",
        sha256: SHA256Digest? = nil, expiresAfter: Int64? = nil
    ) throws -> FileRecord {
        FileRecord(
            id: Self.id(number), organization: try Self.organization(organization),
            declaration: UploadDeclaration(
                filename: try Filename("a.png"), mediaType: try #require(MediaType(type)),
                size: ByteCount(inMemory: size), sha256: sha256),
            createdAt: Self.now, uploadExpiresAt: Self.after(3_600), status: .pending,
            expiresAt: expiresAfter.map { Self.after($0) })
    }

    static func seal(_ byte: UInt8 = 1, after seconds: Int64 = 0) -> FileRecord.Seal {
        FileRecord.Seal(sha256: Self.digest(byte), uploadedAt: Self.after(seconds))
    }

    func add(_ file: FileRecord, request: IdempotentRequest? = nil) async throws {
        let outcome = try await self.rows.insert(file, at: nil, request: request)
        #expect(outcome == .inserted(file))
    }

    /// Adds a file and seals it.
    func addReady(_ file: FileRecord, at locator: BlobLocator? = Self.locator) async throws {
        try await self.add(file)
        let outcome = try await self.rows.seal(file.id, Self.seal(), at: locator, durability: .required)
        #expect(outcome == .sealed)
    }

    func file(_ number: UInt64) async throws -> FileRecord? { try await self.rows.find(Self.id(number)).value() }

    func request(
        _ key: String, _ file: FileRecord, _ operation: IdempotentRequest.Operation = .requestUpload
    ) throws -> IdempotentRequest {
        IdempotentRequest(
            key: try #require(IdempotencyKey(key)), operation: operation, declaration: file.declaration,
            fileLifetime: nil)
    }
}
