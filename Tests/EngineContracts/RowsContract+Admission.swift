import CloakroomDomain
import CloakroomStore
import Testing

extension RowsContract {
    package func quotasHold() async throws {
        let acme = try Self.organization()
        #expect(try await self.rows.findExcess(adding: .one, to: acme).value() == nil)
        try await self.rows.changeQuota(of: acme, now: Self.now) { $0 = Quota(maximumFiles: 2, maximumBytes: 25) }
        try await self.add(try Self.file(1))
        let tooLarge = try await self.rows.insert(try Self.file(2, size: 16), at: nil, request: nil)
        guard case .exceedsQuota(let excess) = tooLarge else { throw Unexpected("\(tooLarge)") }
        #expect(excess.limit == 25)
        #expect(excess.used == 10)
        #expect(excess.requested == 16)
        #expect(try await self.file(2) == nil)
        #expect(try await self.rows.findExcess(adding: try #require(ByteCount(16)), to: acme).value() == excess)
        try await self.add(try Self.file(3, size: 15))
        guard case .exceedsQuota = try await self.rows.insert(try Self.file(4, size: 1), at: nil, request: nil) else {
            throw Unexpected("a third file was added")
        }
        _ = try await self.rows.delete(Self.id(3), of: acme, now: Self.now)
        try await self.add(try Self.file(5))
        let found = try await self.rows.findOrganizations().value()
        #expect(found.map(\.usage) == [.init(files: 2, bytes: 20)])
    }

    package func organizationsShortenTheLifeOfFiles() async throws {
        let lifetime = try #require(FileLifetime(seconds: 100))
        try await self.rows.changeQuota(of: Self.organization(), now: Self.now) { $0.fileLifetime = lifetime }
        for (number, own, counts) in [(1, nil, 100), (2, 60, 60), (3, 200, 100)] as [(UInt64, Int64?, Int64)] {
            let outcome = try await self.rows.insert(try Self.file(number, expiresAfter: own), at: nil, request: nil)
            guard case .inserted(let added) = outcome else { throw Unexpected("\(outcome)") }
            #expect(added.expiresAt == Self.after(counts))
            #expect(try await self.file(number) == added)
        }
    }

    package func idempotencyKeysAddOneFile() async throws {
        let (one, two) = (try Self.file(1), try Self.file(2))
        try await self.add(one, request: try self.request("k", one))
        let acme = try Self.organization()
        #expect(try await self.rows.hasSeen(#require(IdempotencyKey("k")), from: acme).value())
        #expect(try await !self.rows.hasSeen(#require(IdempotencyKey("l")), from: acme).value())
        #expect(try await !self.rows.hasSeen(#require(IdempotencyKey("k")), from: Self.organization("other")).value())
        let repeated = try await self.rows.insert(two, at: nil, request: try self.request("k", two))
        #expect(repeated == .repeated(one.id))
        let other = try await self.rows.insert(two, at: nil, request: try self.request("k", two, .uploadFile))
        #expect(other == .keyReused)
        #expect(try await self.file(2) == nil)
        // A deleted file's key stays used.
        _ = try await self.rows.delete(one.id, of: acme, now: Self.now)
        let late = try await self.rows.insert(two, at: nil, request: try self.request("k", two))
        #expect(late == .repeated(one.id))
        #expect(
            try await self.rows.forgetIdempotencyKeys(
                now: Self.after(IdempotencyKey.lifetimeSeconds - 1), limit: 10) == 0)
        #expect(
            try await self.rows.forgetIdempotencyKeys(now: Self.after(IdempotencyKey.lifetimeSeconds), limit: 10) == 1)
        try await self.add(two, request: try self.request("k", two))
    }

    package func withdrawnFilesFreeTheirKeys() async throws {
        let (one, two) = (try Self.file(1), try Self.file(2))
        let acme = try Self.organization()
        try await self.add(one, request: try self.request("k", one))
        try await self.rows.withdraw(one.id, of: acme, now: Self.now)
        #expect(try await self.file(1) == nil)
        #expect(try await self.rows.findTombstones(.byID, after: nil, limit: 10).value().map(\.id) == [one.id])
        try await self.add(two, request: try self.request("k", two))
        _ = try await self.rows.seal(two.id, Self.seal(), at: nil, durability: .required)
        try await self.rows.withdraw(two.id, of: acme, now: Self.now)
        #expect(try await self.file(2)?.seal != nil)
    }

    /// Among requests at the same time one counts.
    package func concurrentChangesAreOneAfterTheOther() async throws {
        let acme = try Self.organization()
        let outcomes = try await withThrowingTaskGroup(of: InsertOutcome.self) { group in
            for number in 1...20 as ClosedRange<UInt64> {
                let file = try Self.file(number)
                let request = try self.request("k", file)
                group.addTask { try await self.rows.insert(file, at: nil, request: request) }
            }
            return try await group.reduce(into: [InsertOutcome]()) { $0.append($1) }
        }
        let inserted = outcomes.compactMap { if case .inserted(let file) = $0 { file.id } else { nil } }
        #expect(inserted.count == 1)
        #expect(outcomes.count { $0 == .repeated(inserted[0]) } == 19)
        let seals = try await withThrowingTaskGroup(of: SealOutcome.self) { group in
            for byte in 1...20 as ClosedRange<UInt8> {
                group.addTask {
                    try await self.rows.seal(inserted[0], Self.seal(byte), at: nil, durability: .required)
                }
            }
            return try await group.reduce(into: [SealOutcome]()) { $0.append($1) }
        }
        #expect(seals.count { $0 == .sealed } == 1)
        let sealed = try #require(try await self.rows.find(inserted[0]).value()?.seal)
        #expect(seals.count { $0 == .alreadySealed(sealed.sha256) } == 19)
        try await self.rows.changeQuota(of: acme, now: Self.now) { $0.maximumFiles = 6 }
        let added = try await withThrowingTaskGroup(of: InsertOutcome.self) { group in
            for number in 101...120 as ClosedRange<UInt64> {
                let file = try Self.file(number)
                group.addTask { try await self.rows.insert(file, at: nil, request: nil) }
            }
            return try await group.reduce(into: 0) { if case .inserted = $1 { $0 += 1 } }
        }
        #expect(added == 5)
    }
}

/// An outcome that the contract does not allow.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
