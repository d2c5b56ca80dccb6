import CloakroomCrypto
import CloakroomDomain
import CloakroomStore
import Testing

extension RowsContract {
    private static func key(_ scope: APIKeyRecord.Scope, after seconds: Int64 = 0) throws -> APIKeyRecord {
        APIKeyRecord(
            id: try APIKeyID.generate(), scope: scope, name: "n", visiblePrefix: "sk_abc",
            permissions: [.filesRead, .keysManage], createdAt: Self.after(seconds))
    }

    private func add(_ key: APIKeyRecord, _ byte: UInt8, replacing: KeyReplacement? = nil) async throws -> Bool {
        try await self.rows.insert(key, digest: Self.digest(byte), replacing: replacing)
    }

    package func keysAreFoundByDigest() async throws {
        let acme = try Self.organization()
        let (own, gateway) = (try Self.key(.organization(acme)), try Self.key(.gateway, after: 1))
        #expect(try await self.add(own, 1))
        #expect(try await self.add(gateway, 2))
        #expect(try await self.rows.findKey(digest: Self.digest(1)).value() == own)
        #expect(try await self.rows.findKey(digest: Self.digest(3)).value() == nil)
        #expect(try await self.rows.findKey(gateway.id).value() == gateway)
        #expect(try await self.rows.findKeys(of: nil).value() == [own, gateway])
        #expect(try await self.rows.findKeys(of: acme).value() == [own])
        #expect(try await self.rows.findOrganizations().value().map(\.id) == [acme])
        try await self.rows.noteUse(of: own.id, now: Self.after(10))
        let hour = Self.now.secondsSinceEpoch / 3_600 * 3_600
        #expect(try await self.rows.findKey(own.id).value()?.lastUsedAt?.secondsSinceEpoch == hour)
        try await self.rows.removeUnused(own.id)
        try await self.rows.removeUnused(gateway.id)
        #expect(try await self.rows.findKeys(of: nil).value().map(\.id) == [own.id])
    }

    package func revokedKeysStayRevoked() async throws {
        let acme = try Self.organization()
        let key = try Self.key(.organization(acme))
        _ = try await self.add(key, 1)
        #expect(try await !self.rows.revoke(key.id, of: Self.organization("other"), now: Self.now))
        #expect(try await self.rows.revoke(key.id, of: acme, now: Self.after(5)))
        #expect(try await self.rows.revoke(key.id, of: nil, now: Self.after(9)))
        #expect(try await self.rows.findKey(key.id).value()?.revokedAt == Self.after(5))
        #expect(try await !self.rows.revoke(APIKeyID.generate(), of: nil, now: Self.now))
    }

    package func replacedKeysExpire() async throws {
        let acme = try Self.organization()
        let old = try Self.key(.organization(acme))
        _ = try await self.add(old, 1)
        let new = try Self.key(.organization(acme), after: 10)
        #expect(try await self.add(new, 2, replacing: KeyReplacement(id: old.id, expiresAt: Self.after(100))))
        #expect(try await self.rows.findKey(old.id).value()?.expiresAt == Self.after(100))
        #expect(try await self.rows.findKey(old.id).value()?.revokedAt == nil)
        // An end of its own stays.
        let third = try Self.key(.organization(acme), after: 20)
        #expect(try await self.add(third, 3, replacing: KeyReplacement(id: old.id, expiresAt: Self.after(500))))
        #expect(try await self.rows.findKey(old.id).value()?.expiresAt == Self.after(100))
        // One that is not accepted any more is not replaced.
        let late = try Self.key(.organization(acme), after: 100)
        #expect(try await !self.add(late, 4, replacing: KeyReplacement(id: old.id, expiresAt: Self.after(500))))
        #expect(try await self.rows.findKey(late.id).value() == nil)
        // At once: it is revoked.
        let last = try Self.key(.organization(acme), after: 30)
        #expect(try await self.add(last, 5, replacing: KeyReplacement(id: new.id, expiresAt: Self.after(30))))
        #expect(try await self.rows.findKey(new.id).value()?.revokedAt == Self.after(30))
        // As if nothing had been.
        try await self.rows.undoReplacement(of: new, by: last.id, now: Self.after(30))
        #expect(try await self.rows.findKey(new.id).value() == new)
        #expect(try await self.rows.findKey(last.id).value()?.revokedAt == Self.after(30))
    }
}
