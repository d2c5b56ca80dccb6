import Glibc

extension DataDirectory {
    /// Runs work while no server has the directory.
    ///
    /// A server that starts meanwhile waits for a second, then gives up.
    ///
    /// - Parameter body: The work: a look at the files, or a migration.
    /// - Returns: What the work returned; `nil` if a server has the directory.
    /// - Throws: What the work threw, or the call that failed.
    package func unlessServed<Value>(_ body: () throws -> Value) throws -> Value? {
        let lock: OpenFile
        do throws(SystemCallError) {
            lock = OpenFile(try self.root.open(Self.lockName, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
            try self.system.lock(lock.descriptor.rawValue, LOCK_SH | LOCK_NB)
        } catch {
            switch error.code {
            case EWOULDBLOCK: return nil
            // No server has ever been here.
            case ENOENT: return try body()
            default: throw error
            }
        }
        // The lock goes with the descriptor.
        return try withExtendedLifetime(lock) { try body() }
    }
}
