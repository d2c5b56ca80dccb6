import CloakroomDomain
import Foundation
import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// The log is read as SQLite reads it: SQLite itself is the judge.
struct WALContentTests {
    /// A log of five commits, of which the last has many pages; its database is beside it.
    private static func log(_ temporary: TemporaryDirectory) throws -> (frames: Int, bytes: [UInt8]) {
        let path = temporary.path + "/judge.sqlite"
        let writer = try SQLiteConnection(path: path, role: .command)
        try writer.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
        for size in [10, 5_000, 20, 9_000, 60_000] {
            try writer.execute("INSERT INTO t (b) VALUES (randomblob(\(size)))")
        }
        let bytes = try Data(contentsOf: URL(filePath: path + "-wal"))
        return (writer.logPages, Array(bytes))
    }

    private static func content(_ bytes: [UInt8], _ temporary: TemporaryDirectory) throws -> WALContent {
        let path = temporary.path + "/copy"
        try Data(bytes).write(to: URL(filePath: path))
        return try WALContent(
            OpenFile(try FileDescriptor(at: AT_FDCWD, path, flags: O_RDONLY, system: Linux())))
    }

    /// How many rows SQLite finds with such a log.
    private static func rows(_ bytes: [UInt8], _ temporary: TemporaryDirectory) throws -> Int {
        let path = temporary.path + "/judged.sqlite"
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        try FileManager.default.copyItem(atPath: temporary.path + "/judge.sqlite", toPath: path)
        try Data(bytes).write(to: URL(filePath: path + "-wal"))
        let reader = try SQLiteConnection(path: path, role: .command)
        guard try reader.text(of: "SELECT count(*) FROM sqlite_schema") != "0" else { return 0 }
        return Int(try reader.text(of: "SELECT 1 + count(*) FROM t")) ?? -1
    }

    @Test
    func everyFrameThatSQLiteUsesIsCounted() throws {
        let temporary = try TemporaryDirectory()
        let (frames, bytes) = try Self.log(temporary)
        let content = try Self.content(bytes, temporary)
        #expect(content.committedFrames == frames)
        #expect(content.length == Int64(bytes.count))
        #expect(content.salts != nil)
    }

    @Test
    func aFlippedBitEndsTheLogWhereItDoesForSQLite() throws {
        let temporary = try TemporaryDirectory()
        let (frames, bytes) = try Self.log(temporary)
        let whole = try Self.rows(bytes, temporary)
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<60 {
            var damaged = bytes
            let index = Int.random(in: bytes.indices, using: &generator)
            damaged[index] ^= UInt8(1) << Int.random(in: 0..<8, using: &generator)
            let content = try Self.content(damaged, temporary)
            let rows = try Self.rows(damaged, temporary)
            #expect((content.committedFrames == frames) == (rows == whole), "byte \(index)")
        }
    }

    @Test
    func framesOfAnOlderLogBehindTheEndAreNotCounted() throws {
        let temporary = try TemporaryDirectory()
        let (frames, bytes) = try Self.log(temporary)
        var longer = bytes
        // A frame of other salts, as a log leaves it that began anew.
        longer += [UInt8](repeating: 9, count: WALContent.frameHeaderLength + 4_096)
        #expect(try Self.content(longer, temporary).committedFrames == frames)
        #expect(try Self.content(Array(bytes.dropLast(1)), temporary).committedFrames < frames)
        #expect(try Self.content([], temporary) == .empty)
    }
}
