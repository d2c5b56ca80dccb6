import CloakroomDomain
package import CloakroomStore
import CloakroomCrypto

/// The use cases on the reference engines.
package struct MemoryStore: Sendable {
    /// Is told of damage, of which memory has none.
    private struct NoDamage: DamageListener {
        func noticeDamage(_ id: FileID, _ damage: StorageError.ReadDamage) {}
        func noticeLoss(_ id: FileID) {}
    }

    private struct Entropy: EntropySource {
        func randomBytes(count: Int) throws(StorageError) -> [UInt8] {
            do { return try RandomBytes.generate(count: count) } catch { throw .failed("\(error)") }
        }
    }

    package let rows: MemoryRows
    package let blobs: MemoryBlobs
    package let storage: Storage

    package init(_ answers: MemoryRows.Answers = .now) {
        self.rows = MemoryRows(answers)
        self.blobs = MemoryBlobs(rows: self.rows)
        self.storage = Storage(
            rows: self.rows, blobs: self.blobs, shared: .init(openBlobs: 64),
            ids: FileIDGenerator(clock: SystemClock(), entropy: Entropy()), damage: NoDamage())
    }
}
