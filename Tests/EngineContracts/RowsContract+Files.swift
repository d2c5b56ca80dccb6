import CloakroomDomain
import CloakroomStore
import Testing

extension RowsContract {
    package func keepsWhatWasInserted() async throws {
        let file = try Self.file(1, expiresAfter: 60)
        try await self.add(file)
        let acme = try Self.organization()
        #expect(try await self.file(1) == file)
        #expect(try await self.file(2) == nil)
        #expect(try await self.rows.find(file.id, of: acme, now: Self.after(59)).value() == file)
        #expect(try await self.rows.find(file.id, of: acme, now: Self.after(60)).value() == nil)
        #expect(try await self.rows.find(file.id, of: Self.organization("other"), now: Self.now).value() == nil)
        #expect(try await self.rows.findPlacement(file.id).value() == nil)
        #expect(try await !self.rows.refers(file.id, to: nil).value())
        try await self.rows.checkWritable()
    }

    package func sealsOnceAndOnlyWhatWasDeclared() async throws {
        try await self.add(try Self.file(1, sha256: Self.digest(1), expiresAfter: 60))
        func seal(_ byte: UInt8, after seconds: Int64 = 0) async throws -> SealOutcome {
            try await self.rows.seal(
                Self.id(1), Self.seal(byte, after: seconds), at: Self.locator, durability: .rebuildable)
        }
        #expect(try await seal(2) == .otherDeclared(Self.digest(1)))
        #expect(try await seal(1, after: 60) == .missing)
        #expect(try await self.file(1)?.seal == nil)
        #expect(try await seal(1, after: 5) == .sealed)
        #expect(try await seal(1, after: 6) == .alreadySealed(Self.digest(1)))
        #expect(try await seal(2, after: 6) == .alreadySealed(Self.digest(1)))
        #expect(try await self.file(1)?.seal == Self.seal(1, after: 5))
        let missing = try await self.rows.seal(Self.id(2), Self.seal(), at: nil, durability: .required)
        #expect(missing == .missing)
    }

    package func placesReadyFiles() async throws {
        try await self.addReady(try Self.file(1, expiresAfter: 60))
        let placement = try #require(try await self.rows.findPlacement(Self.id(1)).value())
        #expect(placement.locator == Self.locator)
        #expect(placement.digest == Self.digest(1))
        #expect(placement.size == ByteCount(10))
        #expect(placement.expiresAt == Self.after(60))
        #expect(placement.organization == (try Self.organization()))
        #expect(placement.representation.contentType == "image/png")
        #expect(try await self.rows.refers(Self.id(1), to: Self.locator).value())
        #expect(try await !self.rows.refers(Self.id(1), to: nil).value())
        try await self.rows.relocate(Self.id(1), to: nil)
        #expect(try await self.rows.refers(Self.id(1), to: nil).value())
        let other = BlobLocator(ofRightLength: Array(repeating: 255, count: 64))
        try await self.rows.relocate(Self.id(1), to: other)
        #expect(try await self.rows.refers(Self.id(1), to: other).value())
        #expect(try await self.rows.findPlacement(Self.id(1)).value()?.locator == other)
    }

    package func findsReadyFilesInTheOrderOfTheirIDs() async throws {
        for number in [1, 2, 3] as [UInt64] { try await self.addReady(try Self.file(number)) }
        try await self.add(try Self.file(4))
        try await self.addReady(try Self.file(5, of: "other"))
        try await self.addReady(try Self.file(6, expiresAfter: 60))
        let ids = [3, 6, 5, 4, 1, 9].map { Self.id($0) }
        func found(after seconds: Int64) async throws -> [FileID] {
            try await self.rows.findReady(ids, of: Self.organization(), now: Self.after(seconds)).value().map(\.id)
        }
        #expect(try await found(after: 59) == [3, 6, 1].map { Self.id($0) })
        #expect(try await found(after: 60) == [3, 1].map { Self.id($0) })
        #expect(try await self.rows.findReady([], of: Self.organization(), now: Self.now).value().isEmpty)
    }

    package func pagesAreNewestFirst() async throws {
        for number in [1, 2, 3, 4, 5] as [UInt64] {
            let file = try Self.file(number, type: number == 4 ? "text/plain" : "image/png")
            if number == 2 { try await self.add(file) } else { try await self.addReady(file) }
        }
        try await self.add(try Self.file(6, expiresAfter: 60))
        try await self.add(try Self.file(7, of: "other"))
        func page(_ query: FileQuery) async throws -> [UInt64] {
            let page = try await self.rows.findPage(query, of: Self.organization(), now: Self.after(60)).value()
            return page.files.compactMap { file in (1...7).first { Self.id($0) == file.id } }
        }
        #expect(try await page(FileQuery(cursor: nil, status: nil, mediaRange: nil)) == [5, 4, 3, 2, 1])
        #expect(try await page(FileQuery(cursor: nil, status: .pending, mediaRange: nil)) == [2])
        #expect(try await page(FileQuery(cursor: nil, status: .ready, mediaRange: nil)) == [5, 4, 3, 1])
        #expect(try await page(FileQuery(cursor: nil, status: nil, mediaRange: MediaRange("text/*"))) == [4])
        #expect(try await page(FileQuery(cursor: Self.id(4), status: nil, mediaRange: nil)) == [3, 2, 1])
        let first = try await self.rows.findPage(
            FileQuery(limit: 2, cursor: nil, status: nil, mediaRange: nil), of: Self.organization(), now: Self.after(60)
        ).value()
        #expect(first.nextCursor == Self.id(4))
        let last = try await self.rows.findPage(
            FileQuery(limit: 5, cursor: nil, status: nil, mediaRange: nil), of: Self.organization(), now: Self.after(60)
        ).value()
        #expect(last.files.count == 5)
        #expect(last.nextCursor == nil)
    }

    package func renewsPendingUploadsOnly() async throws {
        try await self.add(try Self.file(1, expiresAfter: 7_200))
        try await self.addReady(try Self.file(2))
        let acme = try Self.organization()
        func renew(_ number: UInt64, until end: Int64, of owner: OrganizationID, at now: Int64) async throws
            -> RenewalOutcome
        {
            try await self.rows.renewUpload(Self.id(number), of: owner, until: Self.after(end), now: Self.after(now))
        }
        #expect(try await renew(1, until: 5_000, of: acme, at: 0) == .renewed)
        #expect(try await self.file(1)?.uploadExpiresAt == Self.after(5_000))
        #expect(try await renew(1, until: 10, of: acme, at: 0) == .renewed)
        #expect(try await self.file(1)?.uploadExpiresAt == Self.after(5_000))
        #expect(try await renew(2, until: 5_000, of: acme, at: 0) == .alreadySealed)
        #expect(try await renew(1, until: 9_000, of: acme, at: 7_200) == .missing)
        #expect(try await renew(1, until: 9_000, of: Self.organization("other"), at: 0) == .missing)
        #expect(try await renew(3, until: 9_000, of: acme, at: 0) == .missing)
    }
}
