import CloakroomDomain
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("Keys that are rotated and revoked", .serialized)
struct APIKeysTests {
    @Test func rotatedKeyWorksUntilItsEnd() async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        let (old, secret) = try await keys.create(
            for: .organization(.default), name: "n", permissions: [.filesRead], now: Fixture.now)
        let (new, fresh) = try #require(
            try await keys.rotate(old.id, gracePeriodSeconds: 60, now: Fixture.now))
        #expect((new.name, new.permissions, new.scope) == (old.name, old.permissions, old.scope))
        for (seconds, isLive) in [(0, true), (59, true), (60, false)] as [(Int64, Bool)] {
            let now = Fixture.now.advanced(bySeconds: seconds)
            #expect((try await keys.principal(secret, now: now) != nil) == isLive)
            #expect(try await keys.principal(fresh, now: now) != nil)
        }
        // Once more, for longer: its end stays.
        _ = try await keys.rotate(old.id, gracePeriodSeconds: 600, now: Fixture.now)
        #expect(try await keys.principal(secret, now: Fixture.now.advanced(bySeconds: 60)) == nil)
        let late = Fixture.now.advanced(bySeconds: 61)
        #expect(try await keys.rotate(old.id, gracePeriodSeconds: 60, now: late) == nil)
        try await fixture.close()
    }

    @Test func keyWithoutAGracePeriodIsRevoked() async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        let (old, secret) = try await keys.create(for: .gateway, name: "", permissions: [], now: Fixture.now)
        _ = try #require(try await keys.rotate(old.id, gracePeriodSeconds: 0, now: Fixture.now))
        #expect(try await keys.principal(secret, now: Fixture.now) == nil)
        #expect(try await keys.list().first { $0.id == old.id }?.revokedAt == Fixture.now)
        #expect(try await keys.rotate(old.id, gracePeriodSeconds: 0, now: Fixture.now) == nil)
        #expect(try await keys.list().count == 2)
        try await fixture.close()
    }

    @Test func organizationSeesAndEndsItsOwnKeysAlone() async throws {
        let fixture = try Fixture()
        let keys = fixture.storage.keys
        let acme = try #require(OrganizationID("acme"))
        let (own, _) = try await keys.create(for: .organization(acme), name: "", permissions: [], now: Fixture.now)
        let (gateway, _) = try await keys.create(for: .gateway, name: "", permissions: [], now: Fixture.now)
        #expect(try await keys.list(of: acme).map(\.id) == [own.id])
        for id in [gateway.id, try APIKeyID.generate()] {
            #expect(try await !keys.revoke(id, of: acme, now: Fixture.now))
            #expect(try await keys.rotate(id, of: acme, gracePeriodSeconds: 0, now: Fixture.now) == nil)
        }
        #expect(try await !keys.revoke(own.id, of: .default, now: Fixture.now))
        #expect(try await keys.revoke(own.id, of: acme, now: Fixture.now))
        try await fixture.close()
    }
}
