import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A machine whose power can be cut at any call, and whose calls can be made to fail.
///
/// Paths begin with the machine's number, `/17/…`, by which SQLite's calls find it.
final class SimulatedMachine: OperatingSystem {
    /// What happens at a call.
    enum Fault: Hashable {
        /// It fails, as do all others from then on: the power is off.
        case powerCut
        /// It fails with this code; a flush loses what it should have made durable.
        case failure(Int32)
        /// A write or a read takes one byte of those it was given; another call is left alone.
        case short
    }

    /// Which calls count.
    enum Counted {
        /// Those after which a power cut can find something else than before.
        case changes
        case all
    }

    /// A fault that waits for its call.
    struct Trap {
        var fault: Fault
        /// From 1 on, counted from now.
        var call: Int
        /// The only calls that count, if not all do.
        var of: Set<SystemCall>?
        var counted = Counted.all
        /// Whether each later call has it, too.
        var stays = false
    }

    struct OpenFile {
        let number: SimulatedDisk.Number
        var position = 0
    }

    struct State {
        var disk: SimulatedDisk
        var open: [Int32: OpenFile] = [:]
        var nextDescriptor: Int32 = 3
        var locks: [SimulatedDisk.Number: (holders: Set<Int32>, isExclusive: Bool)] = [:]
        fileprivate var trap: Trap?
        fileprivate var calls = 0
        fileprivate var isOff = false
        fileprivate var hits = 0
        var time: Int64 = 1_774_000_000_000
        fileprivate var dice: SeededGenerator
        var freeBytes: Int64 = 1 << 40
        /// Parts of files that the disk does not give.
        var unreadable: [SimulatedDisk.Number: Range<Int>] = [:]
    }

    static let machines = Mutex<[Int: Weak]>([:])
    private static let nextNumber = Atomic<Int>(1)

    struct Weak: Sendable {
        weak var machine: SimulatedMachine?
    }

    let number: Int
    let sqlite = SimulatedSQLiteState()
    let state: Mutex<State>

    init(disk: SimulatedDisk = SimulatedDisk(), seed: UInt64 = 1) {
        self.number = Self.nextNumber.wrappingAdd(1, ordering: .relaxed).newValue
        self.state = Mutex(State(disk: disk, dice: SeededGenerator(seed: seed)))
        Self.machines.withLock { $0[self.number] = Weak(machine: self) }
        SimulatedSQLite.register()
    }

    deinit {
        _ = Self.machines.withLock { $0.removeValue(forKey: self.number) }
    }

    static func machine(ofPath path: String) -> SimulatedMachine? {
        guard let number = path.split(separator: "/").first.flatMap({ Int($0) }) else { return nil }
        return self.machines.withLock { $0[number]?.machine }
    }

    // MARK: For tests

    var dataPath: String { "/\(self.number)/data" }

    var disk: SimulatedDisk { self.state.withLock { $0.disk } }
    var isOff: Bool { self.state.withLock { $0.isOff } }
    /// How many calls the trap has hit.
    var hits: Int { self.state.withLock { $0.hits } }

    /// Sets a trap and counts calls from now on; `nil` removes it.
    func set(_ trap: Trap?) {
        self.state.withLock { state in
            state.trap = trap
            state.calls = 0
            state.hits = 0
        }
    }

    func advance(seconds: Int64) {
        self.state.withLock { $0.time += seconds * 1_000 }
    }

    func setFreeBytes(_ bytes: Int64) { self.state.withLock { $0.freeBytes = bytes } }

    /// Lets every read of a part of a file of the data directory fail.
    func setUnreadable(_ path: String, _ range: Range<Int>) {
        self.state.withLock { state in
            guard let number = Self.find("\(self.dataPath)/\(path)", from: SimulatedDisk.root, state) else { return }
            state.unreadable[number] = range
        }
    }

    /// The names in a directory of the data directory, as they are seen.
    func names(_ path: String) -> [String] {
        self.state.withLock { state in
            guard let number = Self.find("\(self.dataPath)/\(path)", from: SimulatedDisk.root, state) else { return [] }
            return (state.disk.folders[number]?.seen.keys).map(Array.init) ?? []
        }
    }

    /// The content of a file of the data directory, as it is seen.
    func content(_ path: String) -> SimulatedDisk.Content? {
        self.state.withLock { state in
            Self.find("\(self.dataPath)/\(path)", from: SimulatedDisk.root, state).flatMap {
                state.disk.files[$0]?.seen
            }
        }
    }

    // MARK: Calls

    /// Makes a call, unless the power is off or the trap is there.
    func call<Value>(
        _ call: SystemCall, isChange: Bool, flushes number: SimulatedDisk.Number? = nil,
        _ body: (inout State, _ isShort: Bool) throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        try self.state.withLock { state throws(SystemCallError) in
            guard !state.isOff else { throw SystemCallError(call, code: EIO) }
            guard let fault = Self.fault(&state, call, isChange: isChange) else { return try body(&state, false) }
            switch fault {
            case .powerCut:
                state.isOff = true
                throw SystemCallError(call, code: EIO)
            case .failure(let code):
                if call == .fsync, let number { state.disk.failFlush(number) }
                throw SystemCallError(call, code: code)
            case .short: return try body(&state, true)
            }
        }
    }

    private static func fault(_ state: inout State, _ call: SystemCall, isChange: Bool) -> Fault? {
        guard let trap = state.trap, isChange || trap.counted == .all, trap.of?.contains(call) ?? true else {
            return nil
        }
        state.calls += 1
        guard trap.stays ? state.calls >= trap.call : state.calls == trap.call else { return nil }
        state.hits += 1
        return trap.fault
    }

    // MARK: Time and chance

    var milliseconds: Int64 { self.state.withLock { $0.time } }
    var uptimeNanoseconds: UInt64 { UInt64(self.milliseconds) * 1_000_000 }

    /// Another after each power cut.
    var bootIdentity: [UInt8] {
        (0..<HistoryMark.bootLength).map { UInt8(truncatingIfNeeded: self.number >> (8 * min($0, 7))) }
    }

    func randomBytes(count: Int) throws(StorageError) -> [UInt8] {
        self.state.withLock { state in (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &state.dice) } }
    }

    var sqliteFileSystem: String? { SimulatedSQLite.name }
    var linksUnnamedFiles: Bool { true }
}
