import CloakroomCrypto
import CloakroomDomain
package import CloakroomStore
import NIOCore
import Testing

/// What every engine of bytes has to do, whatever it is made of.
///
/// Rows are there because an engine may look up where a file's bytes are; each function is given engines without anything.
package struct BlobsContract: Sendable {
    private let blobs: any BlobEngine
    private let rows: RowsContract

    package init(_ blobs: any BlobEngine, rows: any RowsContract.Engine) {
        self.blobs = blobs
        self.rows = RowsContract(rows)
    }

    /// Lengths on both sides of what engines treat in their own ways.
    package static let lengths = [1, 8_192, 65_536, 65_537, 300_000]

    private static func bytes(_ length: Int, _ seed: UInt8 = 1) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(seed)) }
    }

    private func stage(
        _ file: FileRecord, checksums: [Checksum] = [], algorithms: Set<Checksum.Algorithm> = [],
        keepsBytes: Bool = true
    ) -> any StagedBody {
        self.blobs.stage(
            StagingRequest(
                id: file.id, length: .exactly(file.declaration.size), checksums: checksums, algorithms: algorithms,
                keepsBytes: keepsBytes))
    }

    /// Declares a file, stores its bytes and seals its row.
    private func publish(_ file: FileRecord, _ bytes: [UInt8]) async throws -> StoredBody {
        try await self.rows.add(file)
        let body = self.stage(file)
        let middle = bytes.count / 2
        try await body.append([ByteBuffer(bytes: bytes[..<middle])])
        let finished = try await body.finish(last: [ByteBuffer(bytes: bytes[middle...])], trailing: [], declared: nil)
        #expect(finished == FinishedBody(digest: SHA256.hash(bytes), size: ByteCount(inMemory: bytes.count)))
        let seal = FileRecord.Seal(sha256: finished.digest, uploadedAt: RowsContract.now)
        guard case .stored(let stored) = try await body.store(file.id, seal, .rowFirst(file.declaration)) else {
            throw Unexpected("a body was not stored although its row is there")
        }
        let outcome = try await self.rows.rows.seal(
            file.id, seal, at: stored.locator, durability: stored.durability)
        #expect(outcome == .sealed)
        return stored
    }

    private func open(_ id: FileID) async throws -> (any OpenBlob)? {
        let reading = self.blobs.beginReading(id)
        guard let placement = try await self.rows.rows.findPlacement(id).value() else { return nil }
        return try await self.blobs.open(placement, reading).value()
    }

    private func read(_ id: FileID) async throws -> [UInt8]? {
        guard let blob = try await self.open(id) else { return nil }
        return Array(try await blob.bytes(0..<blob.placement.size.bytes).readableBytesView)
    }

    // MARK: What it has to do

    package func givesBackWhatWasStored(_ length: Int) async throws {
        let (file, bytes) = (try RowsContract.file(1, size: length), Self.bytes(length))
        let stored = try await self.publish(file, bytes)
        #expect(try await self.blobs.contains(file.id, at: stored.locator).value())
        let blob = try #require(try await self.open(file.id))
        #expect(blob.placement.size.bytes == Int64(length))
        #expect(try await self.read(file.id) == bytes)
        let ranges = [0..<1, Int64(length - 1)..<Int64(length), Int64(length / 3)..<Int64(length / 2 + 1)]
        if blob.needsLoading { try await blob.load() }
        for range in ranges {
            let part = Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
            #expect(try await Array(blob.bytes(range).readableBytesView) == part)
            _ = blob.withKeptBytes(range) { #expect(Array($0) == part) }
            var buffer = [UInt8](repeating: 0, count: part.count)
            let count = try buffer.withUnsafeMutableBytes { buffer throws(StorageError) in
                // As many bytes of room as the range has.
                try blob.readCached(into: buffer, offset: range.lowerBound)
            }
            if let count { #expect(Array(buffer.prefix(count)) == Array(part.prefix(count))) }
        }
        withExtendedLifetime(stored) {}
    }

    package func rejectsWhatWasNotAnnounced() async throws {
        let bytes = Self.bytes(10)
        let file = try RowsContract.file(1, size: 10)
        try await self.rows.add(file)
        let long = self.stage(file)
        await #expect(throws: StorageError.wrongLength(expected: 10, received: 11)) {
            try await long.append([ByteBuffer(bytes: bytes), ByteBuffer(bytes: [1])])
        }
        let short = self.stage(file)
        await #expect(throws: StorageError.wrongLength(expected: 10, received: 9)) {
            try await short.finish(last: [ByteBuffer(bytes: bytes.dropLast())], trailing: [], declared: nil)
        }
        let otherDeclared = self.stage(file)
        await Self.expectBadDigest("sha256") {
            try await otherDeclared.finish(
                last: [ByteBuffer(bytes: bytes)], trailing: [], declared: RowsContract.digest(9))
        }
        let wrong = Checksum(field: "x-amz-checksum-sha256", sha256: RowsContract.digest(9))
        let announced = self.stage(file, checksums: [wrong])
        await Self.expectBadDigest(wrong.field) {
            try await announced.finish(last: [ByteBuffer(bytes: bytes)], trailing: [], declared: nil)
        }
        let trailing = self.stage(file, algorithms: [.sha256])
        await Self.expectBadDigest(wrong.field) {
            try await trailing.finish(last: [ByteBuffer(bytes: bytes)], trailing: [wrong], declared: nil)
        }
        #expect(try await self.open(file.id) == nil)
    }

    private static func expectBadDigest(_ field: String, _ body: () async throws -> FinishedBody) async {
        await #expect {
            try await body()
        } throws: { error in
            guard case .badDigest(let digest) = error as? StorageError else { return false }
            return digest.field == field
        }
    }

    package func keepsNothingOfWhatIsOnlyHashed() async throws {
        let file = try RowsContract.file(1, size: 10)
        try await self.rows.add(file)
        let body = self.stage(file, keepsBytes: false)
        let finished = try await body.finish(last: [ByteBuffer(bytes: Self.bytes(10))], trailing: [], declared: nil)
        #expect(finished.digest == SHA256.hash(Self.bytes(10)))
        await #expect(throws: StorageError.self) {
            try await body.store(
                file.id, .init(sha256: finished.digest, uploadedAt: RowsContract.now), .replacement)
        }
    }

    package func discardsWhatNoRowRefersTo(_ length: Int) async throws {
        let (file, bytes) = (try RowsContract.file(1, size: length), Self.bytes(length))
        try await self.rows.add(file)
        let body = self.stage(file)
        let finished = try await body.finish(last: [ByteBuffer(bytes: bytes)], trailing: [], declared: nil)
        let seal = FileRecord.Seal(sha256: finished.digest, uploadedAt: RowsContract.now)
        guard case .stored(let stored) = try await body.store(file.id, seal, .rowFirst(file.declaration)) else {
            throw Unexpected("a body was not stored although its row is there")
        }
        #expect(await self.blobs.discard(stored, of: file.id, after: nil))
        #expect(try await !self.blobs.contains(file.id, at: stored.locator).value())
        withExtendedLifetime(stored) {}
    }

    package func keepsWhatARowRefersToAfterAll(_ length: Int) async throws {
        let (file, bytes) = (try RowsContract.file(1, size: length), Self.bytes(length))
        let stored = try await self.publish(file, bytes)
        // Nobody could tell whether the row was committed, and it was.
        #expect(await !self.blobs.discard(stored, of: file.id, after: .failed("the connection is lost")))
        #expect(try await self.read(file.id) == bytes)
        withExtendedLifetime(stored) {}
    }

    package func openReadersKeepTheBytes(_ length: Int) async throws {
        let (file, bytes) = (try RowsContract.file(1, size: length), Self.bytes(length))
        _ = try await self.publish(file, bytes)
        var blob = try await self.open(file.id)
        let deleted = try await self.rows.rows.delete(file.id, of: file.organization, now: RowsContract.now)
        let tombstone = try #require(deleted)
        try await self.blobs.remove(tombstone)
        #expect(try await self.open(file.id) == nil)
        let range = 0..<Int64(length)
        #expect(try await Array(#require(blob).bytes(range).readableBytesView) == bytes)
        blob = nil
        #expect(try await self.blobs.removeDurably([tombstone]) == [file.id])
        #expect(try await self.blobs.removeDurably([tombstone]) == [file.id])
        #expect(try await !self.blobs.contains(file.id, at: tombstone.locator).value())
    }

    package func lostBytesAreReplaced(_ length: Int) async throws {
        let (file, bytes) = (try RowsContract.file(1, size: length), Self.bytes(length))
        let stored = try await self.publish(file, bytes)
        try await self.blobs.remove(Tombstone(id: file.id, locator: stored.locator))
        #expect(try await !self.blobs.contains(file.id, at: stored.locator).value())
        let body = self.stage(file)
        let finished = try await body.finish(last: [ByteBuffer(bytes: bytes)], trailing: [], declared: nil)
        let seal = FileRecord.Seal(sha256: finished.digest, uploadedAt: RowsContract.now)
        guard case .stored(let new) = try await body.store(file.id, seal, .replacement) else {
            throw Unexpected("lost bytes were not replaced")
        }
        try await self.rows.rows.relocate(file.id, to: new.locator)
        if let old = stored.locator, old != new.locator { try await self.blobs.release(old, of: file.id) }
        #expect(try await self.read(file.id) == bytes)
        withExtendedLifetime((stored, new)) {}
    }

    package func uploadsBesideOneAnotherAreKeptApart() async throws {
        let lengths = [10, 20_000, 90_000, 65_536, 300_000, 7]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...24 as ClosedRange<UInt64> {
                group.addTask {
                    let length = lengths[Int(number) % lengths.count]
                    let bytes = Self.bytes(length, UInt8(number))
                    let file = try RowsContract.file(number, size: length)
                    _ = try await self.publish(file, bytes)
                    #expect(try await self.read(file.id) == bytes)
                }
            }
            try await group.waitForAll()
        }
    }
}
