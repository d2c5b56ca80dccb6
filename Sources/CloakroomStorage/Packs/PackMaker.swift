import CloakroomCrypto

import Glibc

/// Makes packs and ends them.
struct PackMaker: Sendable {
    /// Room on the disk, beside the reserve, in packs, below which none is made: small bodies then get a file each.
    private static let packsOfRoom: Int64 = 4

    /// Where packs lie.
    let directory: Int32
    /// Where they are made.
    let staging: Int32
    /// The full length of a pack, in bytes.
    let packLength: Int64
    let health: StorageHealth

    /// Makes a pack without slots; durable, with its name.
    ///
    /// - Parameter previous: The pack made before.
    /// - Returns: The pack, or `nil` where the disk is nearly full or making one fails.
    func make(after previous: PackID?) -> ActivePack? {
        let wanted = BlobStore.reserveBytes + Self.packsOfRoom * self.packLength
        guard let free = BlobStore.freeBytes(of: self.staging), free >= wanted,
            let secret = try? RandomBytes.generate(count: PackFile.secretLength)
        else { return nil }
        let id = PackID.next(after: previous, milliseconds: Self.milliseconds)
        guard let file = try? PackFile(making: id, at: self.staging, length: self.packLength, secret: secret),
            self.publish(file)
        else { return nil }
        return ActivePack(file, secret: secret, length: self.packLength)
    }

    private static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func publish(_ file: PackFile) -> Bool {
        guard renameat(self.staging, file.id.fileName, self.directory, file.id.fileName) == 0 else {
            unlinkat(self.staging, file.id.fileName, 0)
            return false
        }
        guard fsync(self.directory) == 0 else {
            self.health.refuseWrites("\(SystemCallError(.fsync))")
            return false
        }
        return true
    }

    /// Cuts a pack whose rows are durable to what was used; start-up does so where this fails.
    func end(_ pack: ActivePack) {
        do throws(SystemCallError) {
            try pack.file.cut(to: pack.used)
            // All of its bodies may have been deleted already.
            _ = try pack.file.removeIfEmpty(self.directory)
        } catch {
            if error.call == .fsync { self.health.refuseWrites("pack \(pack.file.id.fileName): \(error)") }
        }
    }
}
