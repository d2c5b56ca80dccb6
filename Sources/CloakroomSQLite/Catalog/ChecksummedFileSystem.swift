import CSQLite
import Glibc
import Synchronization

/// The file system by which SQLite makes its calls: it keeps and checks the pages' checksums (``PageChecksum``), and passes
/// everything on to another.
///
/// It is a shim, SQLite's word for a `sqlite3_vfs` on top of another (<https://www.sqlite.org/vfs.html>), as SQLite's own
/// for checksums is (<https://www.sqlite.org/cksumvfs.html>), which cannot be loaded everywhere.
enum ChecksummedFileSystem {
    /// The name of each by that of the one below it.
    private static let names = Mutex<[String?: String]>([:])

    /// Makes the file system known to SQLite, once, over another or SQLite's own, and returns its name; `nil` where
    /// there is none below.
    static func name(over underlying: String?) -> String? {
        self.names.withLock { names in
            if let name = names[underlying] { return name }
            guard let below = sqlite3_vfs_find(underlying) else { return nil }
            let name = "cloakroom-checksums" + (underlying.map { "-" + $0 } ?? "")
            let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
            vfs.initialize(to: self.make(name, over: below))
            guard sqlite3_vfs_register(vfs, 0) == SQLITE_OK else { return nil }
            names[underlying] = name
            return name
        }
    }

    typealias Pointer = UnsafeMutablePointer<sqlite3_vfs>

    private static func below(_ vfs: Pointer?) -> Pointer? {
        vfs?.pointee.pAppData?.assumingMemoryBound(to: sqlite3_vfs.self)
    }

    private static func make(_ name: String, over below: Pointer) -> sqlite3_vfs {
        var vfs = sqlite3_vfs()
        vfs.iVersion = 2
        vfs.szOsFile = ChecksummedFile.length(before: below.pointee.szOsFile)
        vfs.mxPathname = below.pointee.mxPathname
        // Lives as long as the process.
        vfs.zName = strdup(name).map { UnsafePointer($0) }
        vfs.pAppData = UnsafeMutableRawPointer(below)
        vfs.xOpen = { vfs, path, file, flags, outFlags in
            ChecksummedFileSystem.open(ChecksummedFileSystem.below(vfs), path, file, flags, outFlags)
        }
        vfs.xDelete = { vfs, path, synchronizes in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xDelete?(below, path, synchronizes) ?? SQLITE_IOERR
        }
        vfs.xAccess = { vfs, path, flags, result in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xAccess?(below, path, flags, result) ?? SQLITE_IOERR
        }
        vfs.xFullPathname = { vfs, path, count, output in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xFullPathname?(below, path, count, output) ?? SQLITE_CANTOPEN
        }
        vfs.xRandomness = { vfs, count, output in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xRandomness?(below, count, output) ?? 0
        }
        vfs.xSleep = { vfs, microseconds in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xSleep?(below, microseconds) ?? 0
        }
        vfs.xCurrentTimeInt64 = { vfs, output in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xCurrentTimeInt64?(below, output) ?? SQLITE_ERROR
        }
        vfs.xGetLastError = { vfs, count, output in
            let below = ChecksummedFileSystem.below(vfs)
            return below?.pointee.xGetLastError?(below, count, output) ?? 0
        }
        return vfs
    }

    private static func open(
        _ below: Pointer?, _ path: UnsafePointer<CChar>?, _ pointer: ChecksummedFile.Pointer?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let below, let pointer else { return SQLITE_CANTOPEN }
        let underlying = (UnsafeMutableRawPointer(pointer) + Int(ChecksummedFile.underlyingOffset))
            .assumingMemoryBound(to: sqlite3_file.self)
        underlying.pointee.pMethods = nil
        let code = below.pointee.xOpen?(below, path, underlying, flags, outFlags) ?? SQLITE_CANTOPEN
        UnsafeMutableRawPointer(pointer).withMemoryRebound(to: ChecksummedFile.self, capacity: 1) { file in
            // SQLite closes a file, also one that could not be opened, that has methods.
            let isOpen = underlying.pointee.pMethods != nil
            file.initialize(
                to: ChecksummedFile(
                    base: sqlite3_file(pMethods: isOpen ? ChecksummedFile.methods : nil),
                    file: isOpen ? underlying : nil,
                    isDatabase: flags & SQLITE_OPEN_MAIN_DB != 0))
        }
        return code
    }
}
