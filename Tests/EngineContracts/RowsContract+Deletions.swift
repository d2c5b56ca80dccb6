import CloakroomDomain
import CloakroomStore
import Testing

extension RowsContract {
    package func deletionsLeaveTombstones() async throws {
        let acme = try Self.organization()
        try await self.addReady(try Self.file(1))
        try await self.addReady(try Self.file(2), at: nil)
        #expect(try await self.rows.delete(Self.id(1), of: Self.organization("other"), now: Self.now) == nil)
        let deleted = try await self.rows.delete(Self.id(1), of: acme, now: Self.now)
        #expect(deleted == Tombstone(id: Self.id(1), locator: Self.locator))
        #expect(try await self.rows.delete(Self.id(1), of: acme, now: Self.now) == nil)
        #expect(try await self.file(1) == nil)
        #expect(try await self.rows.findPlacement(Self.id(1)).value() == nil)
        _ = try await self.rows.delete(Self.id(2), of: acme, now: Self.now)
        #expect(try await self.tombstones(.located) == [Tombstone(id: Self.id(1), locator: Self.locator)])
        #expect(try await self.tombstones(.byID) == [Tombstone(id: Self.id(2), locator: nil)])
    }

    private func tombstones(_ kind: TombstoneKind, after id: FileID? = nil, limit: Int = 10) async throws -> [Tombstone]
    {
        try await self.rows.findTombstones(kind, after: id, limit: limit).value()
    }

    package func tombstonesAreReadInPagesAndForgotten() async throws {
        let acme = try Self.organization()
        for number in 1...5 as ClosedRange<UInt64> {
            try await self.add(try Self.file(number))
            _ = try await self.rows.delete(Self.id(number), of: acme, now: Self.now)
        }
        #expect(try await self.tombstones(.byID, limit: 2).map(\.id) == [1, 2].map { Self.id($0) })
        #expect(try await self.tombstones(.byID, after: Self.id(2), limit: 2).map(\.id) == [3, 4].map { Self.id($0) })
        // What may still come back is not forgotten: not before its bytes are gone, and an upload cannot be under way.
        let end = 3_600 + Retention.uploadGraceSeconds
        try await self.rows.forget([Self.id(1)])
        #expect(try await self.tombstones(.byID).count == 5)
        try await self.rows.markRemoved([Self.id(1), Self.id(2)])
        #expect(try await self.tombstones(.byID).map(\.id) == [3, 4, 5].map { Self.id($0) })
        #expect(try await self.rows.findForgettable(now: Self.after(end), limit: 10).value().isEmpty)
        let forgettable = try await self.rows.findForgettable(now: Self.after(end + 1), limit: 10).value()
        #expect(Set(forgettable) == [Self.id(1), Self.id(2)])
        try await self.rows.forget(forgettable)
        #expect(try await self.rows.findForgettable(now: Self.after(end + 1), limit: 10).value().isEmpty)
    }

    package func expiredFilesAreDeleted() async throws {
        try await self.addReady(try Self.file(1, expiresAfter: 60))
        try await self.add(try Self.file(2, expiresAfter: 61))
        try await self.add(try Self.file(3))
        #expect(try await self.rows.deleteExpired(now: Self.after(59), limit: 10).isEmpty)
        #expect(try await self.rows.deleteExpired(now: Self.after(60), limit: 10) == [Self.id(1)])
        #expect(try await self.rows.deleteExpired(now: Self.after(99), limit: 10) == [Self.id(2)])
        #expect(try await self.file(3) != nil)
        #expect(try await self.tombstones(.located).map(\.id) == [Self.id(1)])
    }

    package func abandonedUploadsAreDeletedUnlessUnderWay() async throws {
        let file = try Self.file(1)
        try await self.add(file, request: try self.request("k", file))
        try await self.add(try Self.file(2))
        try await self.addReady(try Self.file(3))
        let end = 3_600 + Retention.uploadGraceSeconds
        func sweep(after seconds: Int64, except: Set<FileID> = []) async throws -> Int {
            try await self.rows.deleteAbandoned(now: Self.after(seconds), limit: 10, except: except)
        }
        #expect(try await sweep(after: end) == 0)
        #expect(try await sweep(after: end + 1, except: [Self.id(1)]) == 1)
        #expect(try await self.file(1) != nil)
        #expect(try await self.file(2) == nil)
        #expect(try await sweep(after: end + 1) == 1)
        #expect(try await self.file(3) != nil)
        // The key is free.
        #expect(try await !self.rows.hasSeen(#require(IdempotencyKey("k")), from: Self.organization()).value())
    }

    package func revocationsAreKept() async throws {
        let acme = try Self.organization()
        try await self.addReady(try Self.file(1, expiresAfter: 60))
        func revoke(_ number: UInt64, after seconds: Int64, of owner: OrganizationID) async throws -> RevocationOutcome
        {
            try await self.rows.revokeURLs(of: Self.id(number), of: owner, now: Self.after(seconds))
        }
        #expect(try await revoke(1, after: 0, of: Self.organization("other")) == .missing)
        #expect(try await revoke(2, after: 0, of: acme) == .missing)
        #expect(try await revoke(1, after: 10, of: acme) == .revoked)
        #expect(try await revoke(1, after: 10, of: acme) == .revokedBefore(Self.after(10)))
        #expect(try await revoke(1, after: 9, of: acme) == .revokedBefore(Self.after(10)))
        #expect(try await self.file(1)?.urlsRevokedAt == Self.after(10))
        #expect(try await self.rows.findRevocations(since: Self.after(10)).value() == [Self.id(1): Self.after(10)])
        #expect(try await self.rows.findRevocations(since: Self.after(11)).value().isEmpty)
        #expect(try await revoke(1, after: 11, of: acme) == .revoked)
        #expect(try await revoke(1, after: 60, of: acme) == .missing)
    }
}
