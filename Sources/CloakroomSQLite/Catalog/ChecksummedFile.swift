import CSQLite
import CloakroomSystem

/// A file of SQLite's, of which the pages of a database are checked as they are read.
///
/// SQLite allocates it, with the underlying file system's own file behind it, and calls its methods on the connection's
/// thread only.
struct ChecksummedFile {
    /// What SQLite knows of it; first, as SQLite expects.
    var base: sqlite3_file
    /// The underlying file, while it is open.
    var file: UnsafeMutablePointer<sqlite3_file>?
    /// Whether it is a database, and not its WAL or something temporary.
    var isDatabase = false
    /// Whether the database's pages have checksums; `nil` before it has a header: a database that is being made has them,
    /// and its first page may be written last.
    var hasChecksums: Bool?
    /// Whether pages are held to their checksums.
    var verifies = true
    /// The page that was found damaged last, from 1 on.
    var damagedPage: Int64?

    /// Of the two files, in bytes, each begun where any type may lie.
    static func length(before underlying: Int32) -> Int32 { self.underlyingOffset + underlying }

    static var underlyingOffset: Int32 { Int32((MemoryLayout<Self>.stride + 15) / 16 * 16) }

    /// What SQLite passes on where a page is damaged: `SQLITE_IOERR_DATA`.
    static var damaged: Int32 { SQLITE_IOERR | (32 << 8) }
    /// `SQLITE_IOCAP_SUBPAGE_READ`, of SQLite 3.48 and later.
    private static let readsPartsOfPages: Int32 = 0x8000
    private static var isShort: Int32 { SQLITE_IOERR | (2 << 8) }  // SQLITE_IOERR_SHORT_READ

    private var methods: sqlite3_io_methods? { self.file?.pointee.pMethods?.pointee }

    mutating func read(_ bytes: UnsafeMutableRawPointer?, _ count: Int32, _ offset: sqlite3_int64) -> Int32 {
        let code = self.methods?.xRead?(self.file, bytes, count, offset) ?? SQLITE_IOERR
        guard self.isDatabase, let bytes, code == SQLITE_OK || code == Self.isShort else { return code }
        let content = UnsafeRawBufferPointer(start: bytes, count: Int(count))
        let isPage = PageChecksum.isPage(count: content.count, at: offset)
        if offset == 0, content.count >= PageChecksum.headerLength {
            self.readHeader(content, isPage: isPage)
        }
        guard self.hasChecksums == true, self.verifies, isPage,
            PageChecksum.sum(of: content, at: offset) != PageChecksum.noted(in: content)
        else { return code }
        self.damagedPage = offset / Int64(count) + 1
        return Self.damaged
    }

    mutating func write(_ bytes: UnsafeRawPointer?, _ count: Int32, _ offset: sqlite3_int64) -> Int32 {
        if self.isDatabase, let bytes, PageChecksum.isPage(count: Int(count), at: offset) {
            let content = UnsafeRawBufferPointer(start: bytes, count: Int(count))
            if offset == 0 { self.readHeader(content, isPage: false) }
            if self.hasChecksums != false {
                // SQLite does not care for these bytes, and passes a buffer of its own (as its own checksum VFS does).
                PageChecksum.note(in: UnsafeMutableRawBufferPointer(mutating: content), at: offset)
            }
        }
        return self.methods?.xWrite?(self.file, bytes, count, offset) ?? SQLITE_IOERR
    }

    /// Finds out whether pages have checksums.
    ///
    /// A damaged header must not say that they have none: the first page's own tells.
    private mutating func readHeader(_ content: UnsafeRawBufferPointer, isPage: Bool) {
        guard !content.isZero else { return }
        self.hasChecksums = content[PageChecksum.reservedOffset] == PageChecksum.length
        guard isPage, self.hasChecksums == false else { return }
        var right = Array(content)
        right[PageChecksum.reservedOffset] = UInt8(PageChecksum.length)
        right.withUnsafeBytes { right in
            if PageChecksum.sum(of: right, at: 0) == PageChecksum.noted(in: right) { self.hasChecksums = true }
        }
    }
}

// MARK: SQLite's calls

extension ChecksummedFile {
    typealias Pointer = UnsafeMutablePointer<sqlite3_file>

    /// Works with the file that SQLite passes.
    static func with<Value>(_ pointer: Pointer?, _ body: (inout Self) -> Value) -> Value? {
        pointer.map { pointer in
            UnsafeMutableRawPointer(pointer).withMemoryRebound(to: Self.self, capacity: 1) { body(&$0.pointee) }
        }
    }

    /// Works with the database's file of a connection; `nil` where that has none of these.
    static func file<Value>(of connection: OpaquePointer?, _ body: (inout Self) -> Value) -> Value? {
        var pointer: Pointer?
        sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &pointer)
        guard let pointer, pointer.pointee.pMethods == self.methods else { return nil }
        return self.with(pointer, body)
    }

    /// Passes a call on.
    private static func pass(
        _ pointer: Pointer?, _ body: (sqlite3_io_methods, Pointer?) -> Int32?
    ) -> Int32 {
        let code = self.with(pointer) { file in file.methods.flatMap { body($0, file.file) } }
        return code.flatMap { $0 } ?? SQLITE_IOERR
    }

    /// Lives as long as the process, and is never changed.
    nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: ChecksummedFile.makeMethods())
        return UnsafePointer(methods)
    }()

    private static func makeMethods() -> sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 2
        methods.xClose = { file in ChecksummedFile.pass(file) { $0.xClose?($1) } }
        methods.xRead = { file, bytes, count, offset in
            ChecksummedFile.with(file) { $0.read(bytes, count, offset) } ?? SQLITE_IOERR
        }
        methods.xWrite = { file, bytes, count, offset in
            ChecksummedFile.with(file) { $0.write(bytes, count, offset) } ?? SQLITE_IOERR
        }
        methods.xTruncate = { file, length in ChecksummedFile.pass(file) { $0.xTruncate?($1, length) } }
        methods.xSync = { file, flags in ChecksummedFile.pass(file) { $0.xSync?($1, flags) } }
        methods.xFileSize = { file, size in ChecksummedFile.pass(file) { $0.xFileSize?($1, size) } }
        methods.xLock = { file, level in ChecksummedFile.pass(file) { $0.xLock?($1, level) } }
        methods.xUnlock = { file, level in ChecksummedFile.pass(file) { $0.xUnlock?($1, level) } }
        methods.xCheckReservedLock = { file, result in
            ChecksummedFile.pass(file) { $0.xCheckReservedLock?($1, result) }
        }
        methods.xFileControl = { file, operation, argument in
            ChecksummedFile.pass(file) { $0.xFileControl?($1, operation, argument) }
        }
        methods.xSectorSize = { file in ChecksummedFile.pass(file) { $0.xSectorSize?($1) } }
        methods.xDeviceCharacteristics = { file in
            // SQLite reads whole pages, which have a checksum.
            ChecksummedFile.pass(file) { $0.xDeviceCharacteristics?($1) } & ~ChecksummedFile.readsPartsOfPages
        }
        methods.xShmMap = { file, region, size, extends, address in
            ChecksummedFile.pass(file) { $0.xShmMap?($1, region, size, extends, address) }
        }
        methods.xShmLock = { file, offset, count, flags in
            ChecksummedFile.pass(file) { $0.xShmLock?($1, offset, count, flags) }
        }
        methods.xShmBarrier = { file in
            _ = ChecksummedFile.pass(file) {
                $0.xShmBarrier?($1)
                return SQLITE_OK
            }
        }
        methods.xShmUnmap = { file, deletes in ChecksummedFile.pass(file) { $0.xShmUnmap?($1, deletes) } }
        return methods
    }
}
