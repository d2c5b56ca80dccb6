import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What a start makes of a log, by the mark of how far it had been written.
struct HistoryExaminationTests {
    private static let boot = [UInt8](repeating: 1, count: HistoryMark.bootLength)
    private static let otherBoot = [UInt8](repeating: 2, count: HistoryMark.bootLength)
    private static let salts = WALContent.Salts(first: 100, second: 7)

    static let last = WALContent.MarkedFrame(page: 3, sum: WALSum(1, 2))

    private static func mark(committed: Int, flushed: Int, copied: Int = 0) -> HistoryMark {
        HistoryMark(
            boot: self.boot, salts: self.salts, committedFrames: committed, flushedFrames: flushed,
            copiedFrames: copied, last: self.last)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let mark: HistoryMark
        var salts: WALContent.Salts? = HistoryExaminationTests.salts
        var frames = 0
        var boot = HistoryExaminationTests.boot
        var lastFrame: Int?
        var marked: WALContent.MarkedFrame? = HistoryExaminationTests.last
        /// Whether it is taken for lost.
        let isLost: Bool
    }

    @Test(arguments: [
        Case(testDescription: "all frames", mark: mark(committed: 9, flushed: 9), frames: 9, isLost: false),
        Case(
            testDescription: "a commit after the mark", mark: mark(committed: 9, flushed: 9), frames: 12, isLost: false),
        Case(testDescription: "the last frame missing", mark: mark(committed: 9, flushed: 8), frames: 8, isLost: true),
        Case(
            testDescription: "a torn tail that was not flushed, after a power cut",
            mark: mark(committed: 9, flushed: 6), frames: 6, boot: otherBoot, isLost: false),
        Case(
            testDescription: "flushed frames missing after a power cut", mark: mark(committed: 9, flushed: 6),
            frames: 5, boot: otherBoot, isLost: true),
        Case(
            testDescription: "a command's commits where some were lost", mark: mark(committed: 9, flushed: 9),
            frames: 12,
            marked: .init(page: 4, sum: WALSum(5, 6)), isLost: true),
        Case(testDescription: "no log", mark: mark(committed: 9, flushed: 9), salts: nil, isLost: true),
        Case(
            testDescription: "no log, and the database has all of it", mark: mark(committed: 9, flushed: 9, copied: 9),
            salts: nil, isLost: false),
        Case(
            testDescription: "a log that has begun anew", mark: mark(committed: 9, flushed: 9),
            salts: .init(first: 101, second: 99), frames: 1, isLost: false),
        Case(
            testDescription: "a damaged frame among those that were copied, and others behind them, after a power cut",
            mark: mark(committed: 9, flushed: 9, copied: 9), frames: 2, boot: otherBoot, lastFrame: 15, isLost: true),
        Case(
            testDescription: "a damaged header, and frames behind those that were copied, after a power cut",
            mark: mark(committed: 9, flushed: 9, copied: 9), salts: nil, boot: otherBoot, lastFrame: 15, isLost: true),
        Case(
            testDescription: "a command's commits in a WAL of which all had been copied",
            mark: mark(committed: 9, flushed: 9, copied: 9), frames: 12, marked: .init(page: 4, sum: WALSum(5, 6)),
            isLost: true),
        Case(
            testDescription: "an older log", mark: mark(committed: 9, flushed: 9), salts: .init(first: 98, second: 5),
            frames: 20, isLost: true),
    ])
    func whatIsMissingIsNoticedAndNothingElse(_ test: Case) {
        let log = WALContent(
            salts: test.salts, committedFrames: test.frames, marked: test.marked, lastFrame: test.lastFrame)
        let outcome = HistoryExamination.outcome(
            test.mark, log, boot: test.boot)
        if case .lost = outcome { #expect(test.isLost) } else { #expect(!test.isLost) }
    }

    @Test
    func aDamagedLogOfWhichTheDatabaseHasAllIsSuperfluous() {
        let log = WALContent(salts: Self.salts, committedFrames: 2)
        let mark = Self.mark(committed: 9, flushed: 9, copied: 9)
        #expect(
            HistoryExamination.outcome(mark, log, boot: Self.boot) == .superfluous)
    }

    @Test
    func aMarkIsReadBackAndADamagedOneIsNone() {
        let mark = Self.mark(committed: 300, flushed: 200, copied: 100)
        #expect(HistoryMark(mark.bytes) == mark)
        for index in mark.bytes.indices {
            var bytes = mark.bytes
            bytes[index] ^= 1
            #expect(HistoryMark(bytes) == nil, "a flipped bit in byte \(index)")
        }
        #expect(HistoryMark(Array(mark.bytes.dropLast())) == nil)
    }
}
