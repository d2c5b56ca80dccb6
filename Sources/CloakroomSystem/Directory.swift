import CLinux
package import CloakroomStore
import Glibc

/// An open directory: names are looked up from here, wherever it is moved to.
package final class Directory: Sendable {
    private let descriptor: FileDescriptor
    package let system: any OperatingSystem

    /// For calls relative to the directory, open as long as this object lives.
    package var rawDescriptor: Int32 { self.descriptor.rawValue }

    /// Opens a directory by its path.
    package init(path: String, system: any OperatingSystem) throws(SystemCallError) {
        self.system = system
        self.descriptor = try FileDescriptor(at: AT_FDCWD, path, flags: O_RDONLY | O_DIRECTORY, system: system)
    }

    /// Opens a directory to look names up from it, for which it need not be readable.
    package init(searching path: String, system: any OperatingSystem) throws(SystemCallError) {
        self.system = system
        let flags = CLOAKROOM_O_PATH | O_DIRECTORY
        self.descriptor = try FileDescriptor(at: AT_FDCWD, path, flags: flags, system: system)
    }

    /// Opens a directory by a path from another, to look names up from it.
    package init(searching path: String, in other: Directory) throws(SystemCallError) {
        self.system = other.system
        self.descriptor = try other.open(path, flags: CLOAKROOM_O_PATH | O_DIRECTORY)
    }

    /// What tells it from every other directory, by whatever path it was opened.
    package func identity() throws(SystemCallError) -> FileStatus.Identity { try self.descriptor.status().identity }

    /// Opens a directory within another, and makes it where there is none unless it is told not to.
    package init(in parent: Directory, _ name: String, creates: Bool = true) throws(SystemCallError) {
        self.system = parent.system
        if creates {
            do throws(SystemCallError) {
                try parent.system.makeDirectory(at: parent.rawDescriptor, name, mode: 0o700)
            } catch {
                guard error.code == EEXIST else { throw error }
            }
        }
        self.descriptor = try parent.open(name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Opens a directory within another, `nil` where there is none.
    package static func find(_ name: String, in parent: Directory) throws(SystemCallError) -> Directory? {
        try SystemCallError.unlessMissing(Directory(in: parent, name, creates: false))
    }

    /// Makes a directory with those above it that are missing, durably; the name of one that is there, too.
    ///
    /// Where a symbolic link in the path has no target, the call fails with `ENOENT`: nothing is created through it.
    package static func create(path: String, system: any OperatingSystem) throws(SystemCallError) {
        do throws(SystemCallError) {
            try self.make(path: path, system: system)
        } catch {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            guard error.code == ENOENT, slash > path.startIndex else { throw error }
            try self.create(path: String(path[..<slash]), system: system)
            // Only once: below a directory that takes no new names (`/proc`) this fails whatever is there above it.
            try self.make(path: path, system: system)
        }
    }

    private static func make(path: String, system: any OperatingSystem) throws(SystemCallError) {
        do throws(SystemCallError) {
            try system.makeDirectory(at: AT_FDCWD, path, mode: 0o700)
            try self.synchronizeParent(of: path, system: system)
        } catch {
            guard error.code == EEXIST else { throw error }
            do throws(SystemCallError) {
                try self.synchronizeName(of: path, system: system)
            } catch {
                // The name is that of a symbolic link without a target.
                throw error.code == ENOENT ? SystemCallError(.mkdirat, code: ENOENT) : error
            }
        }
    }

    /// Makes the name of a directory durable that somebody else may have made: `mkdir`, or a run that was killed.
    ///
    /// The name of a mount point on a file system that cannot be written to needs no flush. A parent that may not be
    /// read was not made here.
    package static func synchronizeName(of path: String, system: any OperatingSystem) throws(SystemCallError) {
        do throws(SystemCallError) {
            try self.synchronizeParent(of: path, system: system)
        } catch {
            guard [EACCES, EINVAL, EROFS].contains(error.code) else { throw error }
        }
    }

    private static func synchronizeParent(of path: String, system: any OperatingSystem) throws(SystemCallError) {
        try Directory(path: path + "/..", system: system).synchronize()
    }

    package func open(_ name: String, flags: Int32) throws(SystemCallError) -> FileDescriptor {
        try FileDescriptor(at: self.rawDescriptor, name, flags: flags, system: self.system)
    }

    /// Makes a file without a name, which the kernel frees when it is closed.
    package func makeUnnamed(flags: Int32) throws(SystemCallError) -> FileDescriptor {
        try self.open(".", flags: CLOAKROOM_O_TMPFILE | flags)
    }

    /// Gives a file of this directory a name in another, too; it fails with `EEXIST` where there is a file of that name.
    package func link(_ name: String, to directory: Directory, as newName: String) throws(SystemCallError) {
        try self.system.link(at: self.rawDescriptor, name, at: directory.rawDescriptor, as: newName)
    }

    /// Gives a file of this directory another name, there or in another, and replaces a file of that name.
    package func rename(_ name: String, to directory: Directory, as newName: String) throws(SystemCallError) {
        try self.system.rename(at: self.rawDescriptor, name, at: directory.rawDescriptor, as: newName)
    }

    /// Removes a name; not yet durable.
    package func remove(_ name: String) throws(SystemCallError) {
        try self.system.unlink(at: self.rawDescriptor, name)
    }

    /// Whether there is something of that name.
    package func contains(_ name: String) throws(SystemCallError) -> Bool {
        try self.system.exists(at: self.rawDescriptor, name)
    }

    /// The names in it.
    package func names() throws(SystemCallError) -> [String] {
        try self.system.names(in: self.rawDescriptor)
    }

    /// Makes the names in it durable, those that were removed too.
    package func synchronize() throws(SystemCallError) {
        try self.descriptor.synchronize()
    }

    /// How much room its file system has; `nil` where it does not say.
    package func freeSpace() -> FreeSpace? {
        try? self.system.space(on: self.rawDescriptor)
    }
}
