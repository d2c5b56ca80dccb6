import CloakroomCrypto
import CloakroomDomain
package import CloakroomStore
import CloakroomSystem
import Glibc
import Synchronization

/// How closely blobs are looked at.
package enum ExaminationExtent: Hashable, Sendable {
    /// Whether they are there, with the right length.
    case presence
    /// Every byte, as the disk has it.
    case data
}

/// Looks at the bytes of one ready file, and holds them to its row.
///
/// The blob is opened anew, past whatever is kept open, and read past the page cache: what is in memory may be right
/// where the disk is not. A page cache that had the blob before has it afterwards, and one that had not, has not.
///
/// Its calls come one after the other, from any thread, and block on the disk.
package final class BlobExamination: Sendable {
    /// What it found.
    package enum Outcome: Hashable, Sendable {
        /// The bytes are those of the row.
        case whole
        /// The bytes are; the header of their slot is not, on which nothing rests.
        case headerDamaged
        /// They are not.
        case damaged(BlobDamage)
        /// The blob has lost its name meanwhile, which tells nothing.
        case gone
    }

    /// How far it came with one call.
    package struct Progress: Hashable, Sendable {
        /// How many bytes were read.
        package let count: Int
        /// `nil` while there is more to read.
        package let outcome: Outcome?
    }

    private struct State {
        /// Keeps a packed blob's slot from being freed.
        var reading: PackReading?
        var file: OpenFile?
        var hasHeader = true
        var wasCached = false
        var hasher = SHA256()
        var position: Int64 = 0
    }

    /// How many bytes a call reads at most.
    package static let pieceLength: Int64 = 256 * 1_024

    /// The row.
    package let file: SealedFile
    private let tree: BlobTree
    private let extent: ExaminationExtent
    private let state: Mutex<State>

    /// Prepares to look at a file's bytes, for a reader that was counted before the row was asked for, if readers
    /// count.
    package init(_ file: SealedFile, in tree: BlobTree, _ extent: ExaminationExtent, reading: PackReading? = nil) {
        self.file = file
        self.tree = tree
        self.extent = extent
        self.state = Mutex(State(reading: reading))
    }

    /// Opens the blob and reads its first bytes, or the next ones, until there is an outcome; throws where a call
    /// failed that says nothing of the blob.
    package func readNext() throws(StorageError) -> Progress {
        try self.state.withLock { state throws(StorageError) in
            let progress: Progress
            do throws(SystemCallError) {
                progress = try self.readNext(&state)
            } catch {
                guard let damage = BlobDamage(error) else { throw error.storageError }
                progress = Progress(count: 0, outcome: .damaged(damage))
            }
            // Closed between two calls: a blob that is deleted meanwhile keeps its room for as long as it is open.
            state.file = nil
            if progress.outcome != nil { state.reading = nil }
            return progress
        }
    }

    /// Reads to the end at once.
    package func outcome() throws(StorageError) -> Outcome {
        while true {
            if let outcome = try self.readNext().outcome { return outcome }
        }
    }

    private func readNext(_ state: inout State) throws(SystemCallError) -> Progress {
        if state.file == nil, let outcome = try self.open(&state) { return Progress(count: 0, outcome: outcome) }
        guard let open = state.file else { return Progress(count: 0, outcome: .damaged(.missing)) }
        let wanted = Int(min(Self.pieceLength, self.file.size.bytes - state.position))
        let start = self.file.slot?.bodyOffset ?? 0
        let bytes = try open.descriptor.read(count: wanted, at: start + state.position)
        state.hasher.update(bytes.span.bytes)
        state.position += Int64(bytes.count)
        guard bytes.count == wanted else {
            return Progress(count: bytes.count, outcome: self.wrongLength(state.position))
        }
        guard state.position == self.file.size.bytes else { return Progress(count: bytes.count, outcome: nil) }
        if !state.wasCached { self.dropCache(open) }
        guard state.hasher.digest() == self.file.seal.sha256 else {
            return Progress(count: bytes.count, outcome: .damaged(.wrongDigest))
        }
        return Progress(count: bytes.count, outcome: state.hasHeader ? .whole : .headerDamaged)
    }

    /// Opens the blob; returns the outcome where no byte of it need be read.
    private func open(_ state: inout State) throws(SystemCallError) -> Outcome? {
        if let slot = self.file.slot { return try self.open(slot, &state) }
        let open: OpenFile
        do throws(SystemCallError) {
            open = try self.tree.open(self.file.id)
        } catch {
            guard error.code == ENOENT, state.position > 0 else { throw error }
            return .gone
        }
        state.file = open
        let length = try open.descriptor.status().size
        guard length == self.file.size.bytes else { return self.wrongLength(length) }
        guard self.extent == .data else { return .whole }
        guard state.position == 0 else { return nil }
        state.wasCached = open.isCached(at: 0)
        self.dropCache(open)
        return nil
    }

    private func open(_ slot: PackSlot, _ state: inout State) throws(SystemCallError) -> Outcome? {
        guard slot.isPossible else { return .damaged(.missing) }
        let pack = try PackReader(slot.pack, in: self.tree)
        state.file = pack.file
        state.wasCached = pack.file.isCached(at: slot.bodyOffset)
        if self.extent == .data { self.dropCache(pack.file) }
        state.hasHeader = try pack.hasHeader(of: self.file, at: slot)
        let length = min(Int64(slot.bodyLength), max(0, pack.length - slot.bodyOffset))
        guard length == Int64(slot.bodyLength) else { return self.wrongLength(length) }
        // Where the header is wrong, only the bytes can tell.
        guard self.extent == .data || !state.hasHeader else { return .whole }
        if self.extent == .presence { self.dropCache(pack.file) }
        return nil
    }

    /// A packed body of which the pack has nothing is missing: there is nothing that could be kept.
    private func wrongLength(_ found: Int64) -> Outcome {
        if found == 0, self.file.slot != nil { return .damaged(.missing) }
        return .damaged(.wrongLength(expected: self.file.size.bytes, found: found))
    }

    /// Drops what is in memory of the blob; a slot is whole pages.
    private func dropCache(_ open: OpenFile) {
        if let slot = self.file.slot {
            open.dropCache(at: slot.offset, length: Int64(slot.length))
        } else {
            open.dropCache(at: 0, length: self.file.size.bytes)
        }
    }
}
