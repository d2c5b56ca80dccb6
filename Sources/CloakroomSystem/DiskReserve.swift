import CloakroomStore
import Glibc
import Synchronization

/// Room on the disk that nobody else can take: given up when the disk is full, so that deletions can still be committed.
///
/// Uploads leave some room free by themselves, but other programs do not. A deletion needs a few pages of SQLite's log
/// before it frees anything; these come from here. When there is room again, the reserve is set aside anew.
package final class DiskReserve: Sendable {
    package static let name = "reserve"
    /// Enough for a thousand deletions, in bytes.
    package static let standardLength: Int64 = 8 * 1_024 * 1_024

    /// Room on the disk, in bytes, that uploads leave alone, so that the catalogue can always commit a deletion.
    package static let untouchedBytes: Int64 = 32 * 1_024 * 1_024

    private let directory: Directory
    private let length: Int64
    private let isSetAside = Mutex(false)

    /// Sets the reserve of a data directory aside, where there is room for it.
    package init(directory: DataDirectory, length: Int64 = DiskReserve.standardLength) {
        self.directory = directory.root
        self.length = length
        self.setAside(leaving: 0)
    }

    /// Sets the reserve aside again, once there is room beside what uploads leave free.
    package func setAsideAgain() {
        guard !self.isSetAside.withLock({ $0 }) else { return }
        self.setAside(leaving: Self.untouchedBytes)
    }

    /// Sets the reserve aside where there is room for it beside so many bytes.
    package func setAside(leaving rest: Int64) {
        self.isSetAside.withLock { isSetAside in
            guard let free = self.directory.freeSpace()?.bytes else { return }
            do throws(SystemCallError) {
                let file = try self.directory.open(Self.name, flags: O_RDWR | O_CREAT | O_NOFOLLOW)
                let size = try file.status().size
                guard size >= self.length || free - rest >= self.length else { return }
                try self.directory.system.allocate(file.rawValue, length: self.length)
                isSetAside = true
            } catch {
                // What was set aside in part would only be missing elsewhere.
                self.cut()
            }
        }
    }

    /// Gives the reserve up, and returns whether there was one.
    package func giveUp() -> Bool {
        self.isSetAside.withLock { isSetAside in
            defer { isSetAside = false }
            return isSetAside && self.cut()
        }
    }

    @discardableResult
    private func cut() -> Bool {
        do throws(SystemCallError) {
            let file = try self.directory.open(Self.name, flags: O_RDWR | O_NOFOLLOW)
            try self.directory.system.truncate(file.rawValue, to: 0)
            return true
        } catch {
            return false
        }
    }
}
