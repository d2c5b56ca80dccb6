import CloakroomStore
import CloakroomSystem

struct PackMaker: Sendable {
    /// Room on the disk, beside the reserve, in packs, below which none is made: small bodies then get a file each.
    private static let packsOfRoom: Int64 = 4

    /// Where packs lie.
    let directory: Directory
    /// Where they are made.
    let staging: Directory
    /// The full length of a pack, in bytes.
    let packLength: Int64
    let health: StorageHealth

    private var system: any OperatingSystem { self.directory.system }

    /// Makes a pack without slots, durable with its name; `nil` where the disk is nearly full or making one fails.
    func make(after previous: PackID?) -> ActivePack? {
        let wanted = DiskReserve.untouchedBytes + Self.packsOfRoom * self.packLength
        guard let free = self.staging.freeSpace()?.bytes, free >= wanted,
            let secret = try? self.system.randomBytes(count: PackFile.secretLength),
            let id = try? PackID.next(after: previous, on: self.system)
        else { return nil }
        guard let file = try? PackFile(making: id, at: self.staging, length: self.packLength, secret: secret),
            self.publish(file)
        else { return nil }
        return ActivePack(file, secret: secret, length: self.packLength)
    }

    private func publish(_ file: PackFile) -> Bool {
        do throws(SystemCallError) {
            try self.staging.rename(file.id.fileName, to: self.directory, as: file.id.fileName)
            try self.directory.synchronize()
            return true
        } catch {
            if error.call == .fsync {
                self.health.rejectWrites("\(error)")
            } else {
                try? self.staging.remove(file.id.fileName)
            }
            return false
        }
    }

    /// Cuts a pack whose rows are durable to what was used; start-up does so where this fails.
    func end(_ pack: ActivePack) {
        do throws(SystemCallError) {
            try pack.file.cut(to: pack.used)
            // All of its bodies may have been deleted already.
            _ = try pack.file.removeIfEmpty(self.directory)
        } catch {
            if error.call == .fsync { self.health.rejectWrites("pack \(pack.file.id.fileName): \(error)") }
        }
    }
}
