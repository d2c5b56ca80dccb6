import NIOCore
import Testing

@testable import CloakroomServer

/// When an upload writes, reads and seals: one write at a time, of 256 KiB or the rest.
struct UploadMachineTests {
    /// An action by the number of its bytes.
    private enum Step: Hashable {
        case none
        case write(Int)
        case seal(Int)

        init(_ action: UploadMachine.Action) {
            switch action {
            case .none: self = .none
            case .write(let batch): self = .write(batch.readableBytes)
            case .seal(let batch): self = .seal(batch.readableBytes)
            }
        }
    }

    private static let batch = 262_144

    private static func bytes(_ count: Int) -> ByteBuffer {
        ByteBuffer(repeating: 0x78, count: count)
    }

    @Test
    func smallBodyIsSealedInOneStep() {
        var machine = UploadMachine()
        let received = Step(machine.received(Self.bytes(5)))
        let ended = Step(machine.bodyEnded())
        #expect(received == Step.none)
        #expect(ended == Step.seal(5))
    }

    @Test
    func emptyBodyIsSealed() {
        var machine = UploadMachine()
        let ended = Step(machine.bodyEnded())
        #expect(ended == Step.seal(0))
        #expect(!machine.wantsBytes)
    }

    @Test
    func batchIsWrittenOnceItHasGathered() {
        var machine = UploadMachine()
        let first = Step(machine.received(Self.bytes(Self.batch - 1)))
        #expect(first == Step.none)
        #expect(machine.wantsBytes)
        #expect(machine.waitsForClient)
        let second = Step(machine.received(Self.bytes(1)))
        #expect(second == Step.write(Self.batch))
        // The next batch may come, but the disk is what the upload waits for.
        #expect(machine.wantsBytes)
        #expect(!machine.waitsForClient)
    }

    @Test
    func readingStopsWithTwoBatchesInMemory() {
        var machine = UploadMachine()
        let first = Step(machine.received(Self.bytes(Self.batch)))
        let second = Step(machine.received(Self.bytes(Self.batch)))
        #expect(first == Step.write(Self.batch))
        #expect(second == Step.none)
        #expect(!machine.wantsBytes)
        let next = Step(machine.writeFinished())
        #expect(next == Step.write(Self.batch))
        #expect(machine.wantsBytes)
    }

    @Test
    func writeThatFinishesFirstWaitsForBytes() {
        var machine = UploadMachine()
        let first = Step(machine.received(Self.bytes(Self.batch)))
        let finished = Step(machine.writeFinished())
        #expect(first == Step.write(Self.batch))
        #expect(finished == Step.none)
        #expect(machine.waitsForClient)
    }

    @Test
    func endWaitsForTheWriteUnderWay() {
        var machine = UploadMachine()
        let first = Step(machine.received(Self.bytes(Self.batch)))
        let rest = Step(machine.received(Self.bytes(7)))
        let ended = Step(machine.bodyEnded())
        #expect(first == Step.write(Self.batch))
        #expect(rest == Step.none)
        #expect(ended == Step.none)
        #expect(!machine.wantsBytes)
        #expect(!machine.waitsForClient)
        let finished = Step(machine.writeFinished())
        #expect(finished == Step.seal(7))
    }

    /// Every byte goes to the disk once, whatever the sizes, and never more than two batches and a piece wait.
    @Test(arguments: [1_000, 65_536, 262_143, 262_144, 262_145, 1_000_000])
    func everyByteIsWrittenOnce(length: Int) {
        var machine = UploadMachine()
        var (sent, handedOver, isWriting) = (0, 0, false)
        while sent < 1_000_000 {
            let count = min(length, 1_000_000 - sent)
            sent += count
            var step = Step(machine.received(Self.bytes(count)))
            if step == Step.none, isWriting, !machine.wantsBytes {
                isWriting = false
                step = Step(machine.writeFinished())
            }
            if case .write(let batch) = step {
                handedOver += batch
                isWriting = true
            }
            #expect(sent - handedOver < Self.batch + length)
        }
        var step = Step(machine.bodyEnded())
        if step == Step.none { step = Step(machine.writeFinished()) }
        #expect(step == Step.seal(1_000_000 - handedOver))
    }
}
