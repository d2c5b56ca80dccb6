import CloakroomDomain
import Foundation
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

@Suite("Files are read again", .serialized)
struct ScrubberTests {
    private static let day: Int64 = 86_400
    private static let pace = ScrubPace(periodDays: 30, bytesPerSecond: 1_000_000)

    private static func after(_ seconds: Int64) -> Timestamp { Fixture.now.advanced(bySeconds: seconds) }

    /// Does all steps of a round, and returns how long they would take.
    @discardableResult
    private static func finish(
        _ scrubber: Scrubber, _ fixture: Fixture, now: Timestamp = Fixture.now
    ) async throws -> Duration {
        var time = Duration.zero
        for _ in 0..<5_000 {
            time += try await scrubber.step(now: now)
            if try fixture.catalog.scrubRound()?.completedAt == now { return time }
        }
        Issue.record("the round does not end")
        return time
    }

    @Test func aRoundFindsDamagedFilesAndOrphans() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let whole = try await fixture.request([1, 2, 3], access: store.access)
        _ = try await fixture.send([1, 2, 3], to: whole, access: store.access)
        for file in store.files { try ClosedStore.flip(file.path, at: file.offset + 1) }
        let orphan = try #require(FileID(bytes: [UInt8](repeating: 0xAB, count: 16)))
        try Data("lost".utf8).write(to: URL(filePath: "\(store.dataPath)/blobs/ab/\(orphan.uuid)"))
        try Data("kept".utf8).write(to: URL(filePath: "\(store.dataPath)/blobs/ab/README"))

        let scrubber = fixture.scrubber(pace: Self.pace)
        try await Self.finish(scrubber, fixture)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files WHERE sha256 IS NULL") == "2")
        #expect(try fixture.catalog.sealedFile(whole.id) != nil)
        let names = Set(try store.quarantined().keys)
        #expect(names == [store.small.id.uuid, store.large.id.uuid, orphan.uuid])
        #expect(FileManager.default.fileExists(atPath: "\(store.dataPath)/blobs/ab/README"))
        #expect(try fixture.sqlite3("SELECT shards, completed_at FROM scrub") == "256|\(1_774_000_000)")
        try await fixture.close()
    }

    /// A directory that is not mounted is no damage to its files.
    @Test func missingBytesAreOnlyReported() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        for file in store.files { try FileManager.default.moveItem(atPath: file.path, toPath: file.path + ".away") }
        try await Self.finish(fixture.scrubber(pace: Self.pace), fixture)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files WHERE sha256 IS NULL") == "0")
        #expect(try store.quarantined().isEmpty)
        for file in store.files { try FileManager.default.moveItem(atPath: file.path + ".away", toPath: file.path) }
        for file in store.files {
            #expect(try fixture.quarantine.examination(of: file.id, .data)?.outcome() == .whole)
        }
        try await fixture.close()
    }

    /// So much damage is the disk's fault: it is for a person to judge.
    @Test func onlySoManyFilesAreTakenOutOfTheWay() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        for seed in 0..<20 {
            let bytes = Scenario.body(70_000, seed)
            let record = try await fixture.request(bytes, access: access)
            _ = try await fixture.send(bytes, to: record, access: access)
            try ClosedStore.flip(fixture.blobPath(record.id), at: 1)
        }
        try await Self.finish(fixture.scrubber(pace: Self.pace), fixture)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files WHERE sha256 IS NULL") == "16")
        // From then on each file's damage is said once, however often it is read, and its bytes stay where they are.
        let budget = fixture.damage.budget
        let (one, other) = (try fixture.nextID(), try fixture.nextID())
        #expect(!budget.take())
        #expect([one, one, other, one, other].map(budget.isNews) == [true, false, true, false, false])
        budget.release()
        #expect([one, other].map(budget.isNews) == [true, true])
        try await fixture.close()
    }

    @Test func aRestartGoesOnWhereTheLastOneWas() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let first = fixture.scrubber(pace: Self.pace)
        // The round begins, and the small file is one piece.
        _ = try await first.step(now: Fixture.now)
        _ = try await first.step(now: Fixture.now)
        await first.keepPlace()
        #expect(
            try fixture.sqlite3("SELECT lower(hex(cursor)), completed_at IS NULL FROM scrub")
                == "\(store.small.id.uuid.filter { $0 != "-" })|1")

        for file in store.files { try ClosedStore.flip(file.path, at: file.offset) }
        let second = fixture.scrubber(pace: Self.pace)
        try await Self.finish(second, fixture, now: Self.after(1))
        // It has not come back to the small one, which was whole when it was there.
        #expect(Set(try store.quarantined().keys) == [store.large.id.uuid])
        #expect(try fixture.sqlite3("SELECT started_at FROM scrub") == "1774000000")

        // The next round is due when the period is over.
        #expect(try await second.step(now: Self.after(2)) > .zero)
        #expect(try await second.step(now: Self.after(30 * Self.day - 1)) == .seconds(1))
        #expect(Set(try store.quarantined().keys) == [store.large.id.uuid])
        try await Self.finish(second, fixture, now: Self.after(30 * Self.day))
        #expect(Set(try store.quarantined().keys) == [store.small.id.uuid, store.large.id.uuid])
        try await fixture.close()
    }

    @Test func withoutAFileThereIsNoRound() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        let scrubber = fixture.scrubber(pace: Self.pace)
        #expect(try await scrubber.step(now: Fixture.now) > .zero)
        let record = try await fixture.request([1], access: access)
        #expect(try await scrubber.step(now: Fixture.now) > .zero)
        #expect(try fixture.sqlite3("SELECT count(*) FROM scrub") == "0")
        _ = try await fixture.send([1], to: record, access: access)
        #expect(try await scrubber.step(now: Fixture.now) == .zero)
        #expect(try fixture.sqlite3("SELECT count(*), completed_at IS NULL FROM scrub") == "1|1")
        try await fixture.close()
    }

    @Test func aFileThatIsDeletedWhileItIsReadHoldsNothingUp() async throws {
        let fixture = try Fixture()
        let access = try Fixture.access()
        // Two pieces.
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let record = try await fixture.request(bytes, access: access)
        _ = try await fixture.send(bytes, to: record, access: access)
        let scrubber = fixture.scrubber(pace: Self.pace)
        _ = try await scrubber.step(now: Fixture.now)
        _ = try await scrubber.step(now: Fixture.now)
        try await fixture.storage.deletions.delete(record.id, access: access, now: Fixture.now)
        try await Self.finish(scrubber, fixture)
        let quarantine = fixture.directory.path + "/blobs/quarantine"
        #expect(try FileManager.default.contentsOfDirectory(atPath: quarantine).isEmpty)
        #expect(try fixture.sqlite3("SELECT count(*) FROM files") == "0")
        try await fixture.close()
    }

    // MARK: Pace

    @Test func theFirstRoundGoesAtTheFullRateAndTheNextOverItsPeriod() async throws {
        let store = try await ClosedStore()
        let fixture = try Fixture(in: store.temporary)
        let scrubber = fixture.scrubber(pace: Self.pace)
        // 100,011 bytes, two files, 256 shards and a name: at 1 MB/s, files, shards and names count for 4 KiB.
        let first = try await Self.finish(scrubber, fixture)
        #expect(first > .milliseconds(1_100) && first < .milliseconds(1_300))
        let start = Self.after(30 * Self.day)
        var now = start
        for _ in 0..<5_000 {
            now = now.advanced(bySeconds: try await scrubber.step(now: now).components.seconds)
            if try fixture.catalog.scrubRound()?.completedAt ?? start > start { break }
        }
        let length = now.secondsSinceEpoch - start.secondsSinceEpoch
        #expect(length > 27 * Self.day && length <= 30 * Self.day)
        try await fixture.close()
    }

    /// What a round has left, how far its period has gone, and what 1 MB then takes, in seconds.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var isFirst = false
        let left: Int64
        let elapsed: Int64
        let expected: Double

        var testDescription: String { self.name }
    }

    @Test(arguments: [
        Case(name: "the first round", isFirst: true, left: 1, elapsed: 0, expected: 1),
        Case(name: "much time", left: 1_000_000_000, elapsed: 0, expected: 86.4),
        Case(name: "half of the period is over", left: 1_000_000_000, elapsed: 43_200, expected: 43.2),
        Case(name: "more than the rate allows", left: 1_000_000_000_000, elapsed: 0, expected: 1),
        Case(name: "the period is over", left: 1_000_000_000, elapsed: 90_000, expected: 1),
        Case(name: "the last of it", left: 1_000_000, elapsed: 86_300, expected: 100),
        Case(name: "more than was thought to be left", left: 0, elapsed: 86_300, expected: 100),
        Case(name: "the clock was set back", left: 1_000_000_000, elapsed: -86_400, expected: 86.4),
    ])
    func whatIsLeftIsSpreadOverTheTimeThatIsLeft(_ test: Case) {
        let pace = ScrubPace(periodDays: 1, bytesPerSecond: 1_000_000)
        let round = ScrubRound(startedAt: Fixture.now, completedAt: test.isFirst ? nil : Self.after(-1))
        let interval = pace.interval(for: 1_000_000, left: test.left, of: round, now: Self.after(test.elapsed))
        let difference = interval - .seconds(test.expected)
        #expect(difference > .milliseconds(-1) && difference < .milliseconds(1))
    }
}
