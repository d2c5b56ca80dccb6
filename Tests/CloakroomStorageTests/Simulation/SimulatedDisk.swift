import Glibc

/// A disk behind a page cache: what was written, and what of it would survive a power cut.
///
/// More can go wrong than on any one file system. A name is durable once its directory was flushed, and not with its
/// file. Whatever was not flushed may be lost or kept, each change for itself, a write in units of a sector. After a
/// failed flush the page cache shows what the disk will never have.
struct SimulatedDisk {
    typealias Number = Int

    /// The unit in which a write is torn, in bytes.
    static let sector = 512
    /// The unit in which room is given back, in bytes.
    static let page = 4_096

    /// A change of a file's content that no flush has covered.
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case punch(offset: Int, length: Int)
        case resize(Int)
    }

    /// Bytes, and which pages of them take room.
    struct Content {
        var bytes: [UInt8] = []
        var pages: Set<Int> = []

        mutating func apply(_ change: Change) {
            switch change {
            case .write(let offset, let new):
                self.grow(to: offset + new.count)
                bytes.replaceSubrange(offset..<offset + new.count, with: new)
                pages.formUnion(offset / page..<(offset + new.count + page - 1) / page)
            case .punch(let offset, let length):
                let end = min(offset + length, bytes.count)
                guard offset < end else { return }
                bytes.replaceSubrange(offset..<end, with: [UInt8](repeating: 0, count: end - offset))
                pages.subtract((offset + page - 1) / page..<(offset + length) / page)
            case .resize(let length):
                if length < bytes.count {
                    bytes.removeLast(bytes.count - length)
                    pages = pages.filter { $0 * page < length }
                } else {
                    self.grow(to: length)
                }
            }
        }

        /// By arrays: one byte after the other takes hundreds of times as long in a debug build.
        private mutating func grow(to length: Int) {
            guard bytes.count < length else { return }
            bytes += [UInt8](repeating: 0, count: length - bytes.count)
        }
    }

    /// A change of a directory that no flush has covered.
    enum NameChange {
        case add(String, Number)
        case remove(String)
        /// Within one directory; replaces.
        case rename(String, as: String)
    }

    struct File {
        var seen = Content()
        var durable = Content()
        var pending: [Change] = []
    }

    struct Folder {
        var seen: [String: Number] = [:]
        var durable: [String: Number] = [:]
        var pending: [NameChange] = []

        static func apply(_ change: NameChange, to names: inout [String: Number]) {
            switch change {
            case .add(let name, let number): names[name] = number
            case .remove(let name): names[name] = nil
            case .rename(let old, let new): if let number = names.removeValue(forKey: old) { names[new] = number }
            }
        }
    }

    private(set) var files: [Number: File] = [:]
    private(set) var folders: [Number: Folder] = [0: Folder()]
    private var nextNumber = 1

    static let root: Number = 0

    // MARK: What the process does

    mutating func makeFile() -> Number {
        defer { self.nextNumber += 1 }
        self.files[self.nextNumber] = File()
        return self.nextNumber
    }

    mutating func makeFolder() -> Number {
        defer { self.nextNumber += 1 }
        self.folders[self.nextNumber] = Folder()
        return self.nextNumber
    }

    mutating func change(_ number: Number, _ change: Change) {
        self.files[number]?.seen.apply(change)
        self.files[number]?.pending.append(change)
    }

    mutating func change(_ folder: Number, _ change: NameChange) {
        guard var changed = self.folders[folder] else { return }
        Folder.apply(change, to: &changed.seen)
        changed.pending.append(change)
        self.folders[folder] = changed
    }

    /// How many names a file has, as they are seen.
    func links(to number: Number) -> Int {
        self.folders.values.reduce(0) { $0 + $1.seen.values.count { $0 == number } }
    }

    /// Makes everything durable that was changed since the last flush.
    mutating func flush(_ number: Number) {
        if var file = self.files[number] {
            for change in file.pending { file.durable.apply(change) }
            file.pending = []
            self.files[number] = file
        } else if var folder = self.folders[number] {
            for change in folder.pending { Folder.apply(change, to: &folder.durable) }
            folder.pending = []
            self.folders[number] = folder
        }
    }

    /// Loses what a flush should have made durable: the pages count as clean from now on.
    mutating func failFlush(_ number: Number) {
        self.files[number]?.pending = []
        self.folders[number]?.pending = []
    }

    // MARK: What a power cut leaves

    /// What becomes of changes that no flush has covered.
    enum Loss: Hashable, CustomStringConvertible {
        case everything
        case nothing
        /// Each change is lost or kept for itself, and writes are torn, as a seed decides.
        case some(seed: UInt64)

        var description: String {
            switch self {
            case .everything: "everything lost"
            case .nothing: "nothing lost"
            case .some(let seed): "some lost, seed \(seed)"
            }
        }
    }

    /// The disk as the next start finds it.
    func afterPowerCut(_ loss: Loss) -> SimulatedDisk {
        var disk = self
        var dice = SeededGenerator(seed: { if case .some(let seed) = loss { seed } else { 0 } }())
        // In the order of their numbers: a seed means the same each time.
        for number in self.files.keys.sorted() {
            guard var file = self.files[number] else { continue }
            for change in file.pending {
                for kept in Self.kept(change, loss, &dice) { file.durable.apply(kept) }
            }
            disk.files[number] = File(seen: file.durable, durable: file.durable)
        }
        for number in self.folders.keys.sorted() {
            guard var folder = self.folders[number] else { continue }
            for change in folder.pending where Self.isKept(loss, &dice) {
                Folder.apply(change, to: &folder.durable)
            }
            disk.folders[number] = Folder(seen: folder.durable, durable: folder.durable)
        }
        disk.removeUnreachable()
        return disk
    }

    private static func isKept(_ loss: Loss, _ dice: inout SeededGenerator) -> Bool {
        switch loss {
        case .everything: false
        case .nothing: true
        case .some: Bool.random(using: &dice)
        }
    }

    private static func kept(_ change: Change, _ loss: Loss, _ dice: inout SeededGenerator) -> [Change] {
        guard case .some = loss, case .write(let offset, let bytes) = change, Bool.random(using: &dice) else {
            return self.isKept(loss, &dice) ? [change] : []
        }
        // Torn: each sector is lost or kept.
        var kept: [Change] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, (offset + start) / self.sector * self.sector + self.sector - offset)
            if Bool.random(using: &dice) {
                kept.append(.write(offset: offset + start, bytes: Array(bytes[start..<end])))
            }
            start = end
        }
        return kept
    }

    private mutating func removeUnreachable() {
        var (reached, todo): (Set<Number>, [Number]) = ([Self.root], [Self.root])
        while let folder = todo.popLast() {
            for number in self.folders[folder]?.seen.values ?? [:].values where reached.insert(number).inserted {
                if self.folders[number] != nil { todo.append(number) }
            }
        }
        self.files = self.files.filter { reached.contains($0.key) }
        self.folders = self.folders.filter { reached.contains($0.key) }
    }
}

/// Chance that a seed repeats (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
