import CSQLite
import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A file's methods, as SQLite calls them.
extension SimulatedSQLite {
    private static func file(_ file: UnsafeMutablePointer<sqlite3_file>?) -> SimulatedSQLiteFile? {
        file?.withMemoryRebound(to: Handle.self, capacity: 1) { $0.pointee.file?.takeUnretainedValue() }
    }

    /// Lives as long as the process, and is never changed.
    nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: SimulatedSQLite.makeMethods())
        return UnsafePointer(methods)
    }()

    private static func makeMethods() -> sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 2
        methods.xClose = { file in
            file?.withMemoryRebound(to: Handle.self, capacity: 1) { handle in
                let opened = handle.pointee.file?.takeRetainedValue()
                handle.pointee.file = nil
                opened?.close()
            }
            return SQLITE_OK
        }
        methods.xRead = { file, buffer, count, offset in
            SimulatedSQLite.file(file)?.read(buffer, Int(count), offset) ?? SQLITE_IOERR
        }
        methods.xWrite = { file, bytes, count, offset in
            SimulatedSQLite.file(file)?.write(bytes, Int(count), offset) ?? SQLITE_IOERR
        }
        methods.xTruncate = { file, length in SimulatedSQLite.file(file)?.truncate(length) ?? SQLITE_IOERR }
        methods.xSync = { file, _ in SimulatedSQLite.file(file)?.synchronize() ?? SQLITE_IOERR }
        methods.xFileSize = { file, size in
            guard let length = SimulatedSQLite.file(file)?.size() else { return SQLITE_IOERR | (7 << 8) }  // FSTAT
            size?.pointee = length
            return SQLITE_OK
        }
        methods.xLock = { file, level in SimulatedSQLite.file(file)?.lock(level) ?? SQLITE_IOERR }
        methods.xUnlock = { file, level in SimulatedSQLite.file(file)?.unlock(level) ?? SQLITE_IOERR }
        methods.xCheckReservedLock = { file, result in
            result?.pointee = SimulatedSQLite.file(file)?.isReserved == true ? 1 : 0
            return SQLITE_OK
        }
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.xSectorSize = { _ in 4_096 }
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        methods.xShmMap = { file, region, size, _, pointer in
            pointer?.pointee = SimulatedSQLite.file(file)?.region(Int(region), Int(size))
            return SQLITE_OK
        }
        methods.xShmLock = { file, offset, count, flags in
            SimulatedSQLite.file(file)?.lockIndex(Int(offset)..<Int(offset + count), flags) ?? SQLITE_IOERR
        }
        methods.xShmBarrier = { _ in atomicMemoryFence(ordering: .sequentiallyConsistent) }
        methods.xShmUnmap = { file, _ in
            SimulatedSQLite.file(file)?.unmap()
            return SQLITE_OK
        }
        return methods
    }
}
