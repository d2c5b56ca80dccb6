import CloakroomCrypto
import CloakroomDomain
import Foundation
import NIOCore
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// Which end counts: a file's own, or that of all files of its organization.
extension RetentionTests {
    /// A file's own life, that of its organization's files, and which counts, in seconds.
    struct Lives: CustomTestStringConvertible, Sendable {
        let own: Int64?
        let organization: Int64?
        let expected: Int64?

        var testDescription: String {
            [self.own, self.organization].map { $0.map { "\($0)" } ?? "none" }.joined(separator: ", ")
        }
    }

    static let lives = [
        Lives(own: nil, organization: nil, expected: nil),
        Lives(own: 60, organization: nil, expected: 60),
        Lives(own: nil, organization: 600, expected: 600),
        Lives(own: 60, organization: 600, expected: 60),
        Lives(own: 600, organization: 600, expected: 600),
        Lives(own: 3_600, organization: 600, expected: 600),
    ]

    @Test(arguments: Self.lives)
    func theShorterLifeCounts(_ example: Lives) async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let own = try example.own.map { try Self.lifetime($0) }
        let limit = try example.organization.map { try Self.lifetime($0) }
        try await fixture.storage.organizations.changeQuota(of: access.organization, now: Fixture.now) {
            $0.fileLifetime = limit
        }
        var files = [try await fixture.request([1], access: access, fileLifetime: own)]
        for size in Self.sizes {
            for key in [nil, IdempotencyKey("\(size)")] {
                files.append(try await self.store(Self.bytes(size), fixture, access: access, lifetime: own, key: key))
            }
        }
        let end = example.expected.map { Self.after($0) }
        for file in files {
            #expect(file.expiresAt == end)
            #expect(try fixture.store.record(file.id, access: access, now: Fixture.now) == file)
        }
        let row = end.map { "\($0.secondsSinceEpoch)" } ?? ""
        #expect(try fixture.sqlite3("SELECT DISTINCT expires_at FROM files") == row)
        try await fixture.close()
    }

    @Test
    func lifeOfAnOrganizationsFilesIsThatOfLaterOnes() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let organizations = fixture.storage.organizations
        let limit = try Self.lifetime(600)
        let change = { (lifetime: FileLifetime?) in
            try await organizations.changeQuota(of: access.organization, now: Fixture.now) {
                $0.fileLifetime = lifetime
            }
        }
        var ids = [try await fixture.request([1], access: access).id]
        try await change(limit)
        #expect(try await organizations.list().map(\.quota) == [Quota(fileLifetime: limit)])
        ids.append(try await fixture.request([1], access: access).id)
        // Another part of the quota leaves it alone.
        try await organizations.changeQuota(of: access.organization, now: Fixture.now) { $0.maximumFiles = 9 }
        #expect(try await organizations.list().map(\.quota) == [Quota(maximumFiles: 9, fileLifetime: limit)])
        ids.append(try await fixture.request([1], access: access).id)
        try await change(nil)
        ids.append(try await fixture.request([1], access: access).id)
        let ends = try ids.map { try fixture.store.record($0, access: access, now: Fixture.now).expiresAt }
        #expect(ends == [nil, Self.after(600), Self.after(600), nil])
        let other = try await fixture.request([1], access: try Fixture.access("other"))
        #expect(other.expiresAt == nil)
        try await fixture.close()
    }
}
