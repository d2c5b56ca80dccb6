import Glibc
import Synchronization

@testable import CloakroomStorage

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

    fileprivate struct OpenFile {
        let number: SimulatedDisk.Number
        var position = 0
    }

    struct State {
        var disk: SimulatedDisk
        fileprivate var open: [Int32: OpenFile] = [:]
        fileprivate var nextDescriptor: Int32 = 3
        fileprivate var locks: [SimulatedDisk.Number: (holders: Set<Int32>, isExclusive: Bool)] = [:]
        fileprivate var trap: Trap?
        fileprivate var calls = 0
        fileprivate var isOff = false
        fileprivate var hits = 0
        fileprivate var time: Int64 = 1_774_000_000_000
        fileprivate var dice: SeededGenerator
        var freeBytes: Int64 = 1 << 40
    }

    static let machines = Mutex<[Int: Weak]>([:])
    private static let nextNumber = Atomic<Int>(1)

    struct Weak: Sendable {
        weak var machine: SimulatedMachine?
    }

    let number: Int
    let sqlite = SimulatedSQLiteState()
    private let state: Mutex<State>

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

    static func find(
        _ path: String, from directory: SimulatedDisk.Number, _ state: State
    ) -> SimulatedDisk.Number? {
        var parts = path.split(separator: "/")[...]
        var number = directory
        if path.hasPrefix("/") {
            // The machine's number.
            parts = parts.dropFirst()
            number = SimulatedDisk.root
        }
        for part in Self.resolved(parts) {
            guard let next = state.disk.folders[number]?.seen[String(part)] else { return nil }
            number = next
        }
        return number
    }

    /// The names of a path without `.` and `..`: there are no symbolic links here.
    private static func resolved(_ parts: ArraySlice<Substring>) -> [Substring] {
        parts.reduce(into: []) { names, part in
            if part == ".." { _ = names.popLast() } else if part != "." { names.append(part) }
        }
    }

    /// The directory of a path, and the last name.
    private static func parent(
        _ path: String, from directory: SimulatedDisk.Number, _ state: State
    ) -> (SimulatedDisk.Number, String)? {
        var parts = path.split(separator: "/").map(String.init)
        guard let name = parts.popLast() else { return nil }
        let parent = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        return self.find(parent, from: directory, state).map { ($0, name) }
    }

    private static func number(
        _ descriptor: Int32, _ call: SystemCall, _ state: State
    ) throws(SystemCallError) -> SimulatedDisk.Number {
        if descriptor == AT_FDCWD { return SimulatedDisk.root }
        guard let file = state.open[descriptor] else { throw SystemCallError(call, code: EBADF) }
        return file.number
    }

    // MARK: Names

    private static let unnamed = 0o20000000 | O_DIRECTORY

    func open(at directory: Int32, _ path: String, flags: Int32, mode: mode_t) throws(SystemCallError) -> Int32 {
        let makes = flags & O_CREAT != 0 || flags & Self.unnamed == Self.unnamed
        return try self.call(.openat, isChange: makes) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .openat, state)
            let number = try Self.target(path, from: start, flags, &state)
            if flags & O_TRUNC != 0 { state.disk.change(number, .resize(0)) }
            defer { state.nextDescriptor += 1 }
            state.open[state.nextDescriptor] = OpenFile(number: number)
            return state.nextDescriptor
        }
    }

    private static func target(
        _ path: String, from start: SimulatedDisk.Number, _ flags: Int32, _ state: inout State
    ) throws(SystemCallError) -> SimulatedDisk.Number {
        if flags & self.unnamed == self.unnamed { return state.disk.makeFile() }
        if let number = self.find(path, from: start, state) {
            if flags & O_EXCL != 0 { throw SystemCallError(.openat, code: EEXIST) }
            if flags & O_DIRECTORY != 0, state.disk.folders[number] == nil {
                throw SystemCallError(.openat, code: ENOTDIR)
            }
            return number
        }
        guard flags & O_CREAT != 0, let (folder, name) = self.parent(path, from: start, state) else {
            throw SystemCallError(.openat, code: ENOENT)
        }
        let number = state.disk.makeFile()
        state.disk.change(folder, .add(name, number))
        return number
    }

    func close(_ descriptor: Int32) {
        self.state.withLock { state in
            guard let file = state.open.removeValue(forKey: descriptor) else { return }
            state.locks[file.number]?.holders.remove(descriptor)
        }
    }

    func makeDirectory(at directory: Int32, _ path: String, mode: mode_t) throws(SystemCallError) {
        // That it is there already is found before anything changes.
        let isNew = try !self.exists(at: directory, path)
        try self.call(.mkdirat, isChange: isNew) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .mkdirat, state)
            guard Self.find(path, from: start, state) == nil else { throw SystemCallError(.mkdirat, code: EEXIST) }
            guard let (folder, name) = Self.parent(path, from: start, state) else {
                throw SystemCallError(.mkdirat, code: ENOENT)
            }
            let number = state.disk.makeFolder()
            state.disk.change(folder, .add(name, number))
        }
    }

    func link(_ descriptor: Int32, at directory: Int32, as name: String) throws(SystemCallError) {
        try self.call(.linkat, isChange: true) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .linkat, state)
            try Self.add(name, number, to: try Self.number(directory, .linkat, state), &state)
        }
    }

    func link(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError) {
        try self.call(.linkat, isChange: true) { state, _ throws(SystemCallError) in
            let folder = try Self.number(directory, .linkat, state)
            guard let number = Self.find(name, from: folder, state) else {
                throw SystemCallError(.linkat, code: ENOENT)
            }
            try Self.add(newName, number, to: try Self.number(newDirectory, .linkat, state), &state)
        }
    }

    private static func add(
        _ name: String, _ number: SimulatedDisk.Number, to folder: SimulatedDisk.Number, _ state: inout State
    ) throws(SystemCallError) {
        guard state.disk.folders[folder]?.seen[name] == nil else { throw SystemCallError(.linkat, code: EEXIST) }
        state.disk.change(folder, .add(name, number))
    }

    func rename(
        at directory: Int32, _ name: String, at newDirectory: Int32, as newName: String
    ) throws(SystemCallError) {
        try self.call(.renameat, isChange: true) { state, _ throws(SystemCallError) in
            let folder = try Self.number(directory, .renameat, state)
            let newFolder = try Self.number(newDirectory, .renameat, state)
            guard let number = state.disk.folders[folder]?.seen[name] else {
                throw SystemCallError(.renameat, code: ENOENT)
            }
            if folder == newFolder {
                state.disk.change(folder, .rename(name, as: newName))
            } else {
                state.disk.change(folder, .remove(name))
                state.disk.change(newFolder, .add(newName, number))
            }
        }
    }

    func unlink(at directory: Int32, _ name: String) throws(SystemCallError) {
        try self.call(.unlinkat, isChange: true) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .unlinkat, state)
            guard let (folder, last) = Self.parent(name, from: start, state),
                state.disk.folders[folder]?.seen[last] != nil
            else { throw SystemCallError(.unlinkat, code: ENOENT) }
            state.disk.change(folder, .remove(last))
        }
    }

    func removeDirectory(at directory: Int32, _ name: String) throws(SystemCallError) {
        try self.call(.unlinkat, isChange: true) { state, _ throws(SystemCallError) in
            let start = try Self.number(directory, .unlinkat, state)
            guard let (folder, last) = Self.parent(name, from: start, state),
                let number = state.disk.folders[folder]?.seen[last]
            else { throw SystemCallError(.unlinkat, code: ENOENT) }
            guard let content = state.disk.folders[number] else { throw SystemCallError(.unlinkat, code: ENOTDIR) }
            guard content.seen.isEmpty else { throw SystemCallError(.unlinkat, code: ENOTEMPTY) }
            state.disk.change(folder, .remove(last))
        }
    }

    func exists(at directory: Int32, _ name: String) throws(SystemCallError) -> Bool {
        try self.call(.faccessat, isChange: false) { state, _ throws(SystemCallError) in
            Self.find(name, from: try Self.number(directory, .faccessat, state), state) != nil
        }
    }

    func names(in directory: Int32) throws(SystemCallError) -> [String] {
        try self.call(.readdir, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(directory, .readdir, state)
            guard let folder = state.disk.folders[number] else { throw SystemCallError(.readdir, code: ENOTDIR) }
            return folder.seen.keys.sorted()
        }
    }

    // MARK: Content

    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemCallError) -> Int {
        try self.call(.write, isChange: true) { state, isShort throws(SystemCallError) in
            guard let file = state.open[descriptor] else { throw SystemCallError(.write, code: EBADF) }
            let taken = Array(bytes.prefix(isShort ? 1 : bytes.count))
            state.disk.change(file.number, .write(offset: file.position, bytes: taken))
            state.open[descriptor]?.position += taken.count
            return taken.count
        }
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.call(.write, isChange: true) { state, isShort throws(SystemCallError) in
            let number = try Self.number(descriptor, .write, state)
            let taken = Array(bytes.prefix(isShort ? 1 : bytes.count))
            state.disk.change(number, .write(offset: Int(offset), bytes: taken))
            return taken.count
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.call(.read, isChange: false) { state, isShort throws(SystemCallError) in
            let number = try Self.number(descriptor, .read, state)
            let rest = state.disk.files[number]?.seen.bytes.dropFirst(Int(offset)) ?? []
            let part = rest.prefix(isShort ? 1 : buffer.count)
            buffer.copyBytes(from: part)
            return part.count
        }
    }

    func readCached(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int64
    ) throws(SystemCallError) -> Int {
        try self.read(into: buffer, from: descriptor, at: offset)
    }

    func synchronize(_ descriptor: Int32) throws(SystemCallError) {
        let number = self.state.withLock { $0.open[descriptor]?.number }
        try self.call(.fsync, isChange: true, flushes: number) { state, _ throws(SystemCallError) in
            state.disk.flush(try Self.number(descriptor, .fsync, state))
        }
    }

    func synchronizeData(_ descriptor: Int32) throws(SystemCallError) { try self.synchronize(descriptor) }

    func truncate(_ descriptor: Int32, to length: Int64) throws(SystemCallError) {
        try self.call(.ftruncate, isChange: true) { state, _ throws(SystemCallError) in
            state.disk.change(try Self.number(descriptor, .ftruncate, state), .resize(Int(length)))
        }
    }

    func allocate(_ descriptor: Int32, length: Int64) throws(SystemCallError) {
        try self.call(.fallocate, isChange: true) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .fallocate, state)
            guard Int(length) > state.disk.files[number]?.seen.bytes.count ?? 0 else { return }
            state.disk.change(number, .resize(Int(length)))
        }
    }

    func punchHole(in descriptor: Int32, at offset: Int64, length: Int64) throws(SystemCallError) {
        try self.call(.fallocate, isChange: true) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .fallocate, state)
            state.disk.change(number, .punch(offset: Int(offset), length: Int(length)))
        }
    }

    func nextData(in descriptor: Int32, from offset: Int64) throws(SystemCallError) -> Int64? {
        try self.call(.lseek, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .lseek, state)
            let page = state.disk.files[number]?.seen.pages.filter { ($0 + 1) * SimulatedDisk.page > Int(offset) }.min()
            return page.map { max(offset, Int64($0 * SimulatedDisk.page)) }
        }
    }

    func dropCache(of descriptor: Int32, at offset: Int64, length: Int64) {}

    func clone(_ source: Int32, to descriptor: Int32) throws(SystemCallError) {
        throw SystemCallError(.ioctl, code: EOPNOTSUPP)
    }

    // MARK: The rest of a file

    func status(of descriptor: Int32) throws(SystemCallError) -> FileStatus {
        try self.call(.fstat, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .fstat, state)
            return FileStatus(
                size: Int64(state.disk.files[number]?.seen.bytes.count ?? 0), modified: 0, mode: S_IFREG | 0o600,
                identity: .init(device: 1, number: UInt64(number)), links: 1)
        }
    }

    func setFlags(of descriptor: Int32, _ flags: Int32) throws(SystemCallError) {
        try self.call(.fcntl, isChange: false) { _, _ in }
    }

    func setMode(of descriptor: Int32, _ mode: mode_t) throws(SystemCallError) {
        try self.call(.fchmod, isChange: false) { _, _ in }
    }

    func lock(_ descriptor: Int32, _ operation: Int32) throws(SystemCallError) {
        try self.call(.flock, isChange: false) { state, _ throws(SystemCallError) in
            let number = try Self.number(descriptor, .flock, state)
            var lock = state.locks[number] ?? ([], false)
            lock.holders.remove(descriptor)
            if operation & LOCK_UN == 0 {
                let isExclusive = operation & LOCK_EX != 0
                guard lock.holders.isEmpty || !(isExclusive || lock.isExclusive) else {
                    throw SystemCallError(.flock, code: EWOULDBLOCK)
                }
                lock.holders.insert(descriptor)
                lock.isExclusive = isExclusive
            }
            state.locks[number] = lock
        }
    }

    func space(on descriptor: Int32) throws(SystemCallError) -> FreeSpace {
        try self.call(.fstatvfs, isChange: false) { state, _ in FreeSpace(bytes: state.freeBytes, files: 1_000_000) }
    }

    // MARK: Time and chance

    var milliseconds: Int64 { self.state.withLock { $0.time } }
    var uptimeNanoseconds: UInt64 { UInt64(self.milliseconds) * 1_000_000 }

    func randomBytes(count: Int) throws(StorageError) -> [UInt8] {
        self.state.withLock { state in (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &state.dice) } }
    }

    var sqliteFileSystem: String? { SimulatedSQLite.name }
    var linksUnnamedFiles: Bool { true }
}
