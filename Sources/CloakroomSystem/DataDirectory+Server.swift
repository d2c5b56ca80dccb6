import Glibc

extension DataDirectory {
    /// Runs work while no server has the directory, and returns what the work did; `nil` if a server has it.
    package func unlessServed<Value>(_ body: () throws -> Value) throws -> Value? {
        // A server that starts meanwhile waits for a second, then gives up.
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
