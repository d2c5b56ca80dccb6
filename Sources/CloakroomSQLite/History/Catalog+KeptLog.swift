import CloakroomDomain
import CloakroomSystem
import Glibc

/// Write-ahead logs that a start finds damaged, in the quarantine: `catalog.sqlite-wal-<seconds>`.
extension Catalog {
    /// How much is copied at a time, in bytes.
    private static let copiedAtOnce = 1_024 * 1_024

    /// Says what is wrong where a WAL cannot be kept: without that nothing may be changed.
    static func keepingLog<Value>(
        _ directory: DataDirectory, _ body: () throws(SystemCallError) -> Value
    ) throws(OpenError) -> Value {
        do throws(SystemCallError) {
            return try body()
        } catch {
            throw OpenError(
                description: """
                    \(directory.path(of: Self.logName)) is damaged and cannot be kept in \
                    \(DataDirectory.blobsName)/\(DataDirectory.quarantineName): \(error); nothing was changed
                    """)
        }
    }

    /// Moves the WAL into the quarantine, durably, and returns its path there.
    static func moveLog(of root: Directory, into blobs: Directory) throws(SystemCallError) -> String {
        let quarantine = try Directory(in: blobs, DataDirectory.quarantineName)
        let name = try self.keptName(in: quarantine)
        do throws(SystemCallError) {
            try root.rename(Self.logName, to: quarantine, as: name)
        } catch {
            // The blobs are on another file system.
            guard error.code == EXDEV, let copy = try self.copyLog(of: root, into: blobs) else { throw error }
            try root.remove(Self.logName)
            try root.synchronize()
            return copy
        }
        try quarantine.synchronize()
        try root.synchronize()
        return self.path(of: name)
    }

    /// Copies the WAL, if there is one, into the quarantine, durably, unless there is a copy: starts that fail later do
    /// not fill the disk.
    static func copyLog(of root: Directory, into blobs: Directory) throws(SystemCallError) -> String? {
        let log = try SystemCallError.unlessMissing(
            OpenFile(root.open(Self.logName, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)))
        guard let log else { return nil }
        let quarantine = try Directory(in: blobs, DataDirectory.quarantineName)
        for name in try quarantine.names().sorted() where name.hasPrefix("\(Self.logName)-") {
            let copy = try quarantine.open(name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            if try self.compare(log.descriptor, copy) { return self.path(of: name) }
        }
        let name = try self.keptName(in: quarantine)
        do throws(SystemCallError) {
            let copy = try quarantine.open(name, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            try self.read(log.descriptor) { (bytes, position) throws(SystemCallError) in
                try copy.writeAll(bytes, at: position)
                return true
            }
            try copy.synchronize()
        } catch {
            // A part of it would be taken for all of it.
            try? quarantine.remove(name)
            throw error
        }
        try quarantine.synchronize()
        return self.path(of: name)
    }

    private static func path(of name: String) -> String {
        "\(DataDirectory.blobsName)/\(DataDirectory.quarantineName)/\(name)"
    }

    /// A name that is free: one log never replaces another.
    private static func keptName(in quarantine: Directory) throws(SystemCallError) -> String {
        let first = "\(Self.logName)-\(quarantine.system.milliseconds / 1_000)"
        var (name, number) = (first, 1)
        while try quarantine.contains(name) {
            number += 1
            name = "\(first).\(number)"
        }
        return name
    }

    private static func compare(
        _ log: borrowing FileDescriptor, _ copy: borrowing FileDescriptor
    ) throws(SystemCallError) -> Bool {
        guard try log.status().size == copy.status().size else { return false }
        return try self.read(log) { (bytes, position) throws(SystemCallError) in
            try copy.read(count: bytes.count, at: position) == bytes
        }
    }

    /// Reads a file in pieces, until there are no more or the function says so.
    @discardableResult
    private static func read(
        _ file: borrowing FileDescriptor, _ body: ([UInt8], Int64) throws(SystemCallError) -> Bool
    ) throws(SystemCallError) -> Bool {
        var position: Int64 = 0
        while true {
            let bytes = try file.read(count: Self.copiedAtOnce, at: position)
            guard !bytes.isEmpty else { return true }
            guard try body(bytes, position) else { return false }
            position += Int64(bytes.count)
        }
    }
}
