import Glibc

/// Removing directories.
extension Directory {
    /// Removes an entry with everything in it; not yet durable; symbolic links are removed and not followed, and an
    /// entry that is not there is no failure.
    package func removeTree(_ name: String) throws(SystemCallError) {
        let directory: Directory
        do throws(SystemCallError) {
            directory = try Directory(in: self, name, creates: false)
        } catch {
            switch error.code {
            case ENOENT: return
            case ENOTDIR, ELOOP: return try self.remove(name)
            default: throw error
            }
        }
        for entry in try directory.names() { try directory.removeTree(entry) }
        try self.removeDirectory(name)
    }

    /// Removes a directory in which there is nothing; not yet durable.
    package func removeDirectory(_ name: String) throws(SystemCallError) {
        try self.system.removeDirectory(at: self.rawDescriptor, name)
    }
}
