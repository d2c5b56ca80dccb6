package import CloakroomSystem
import Glibc

/// What a start finds in the directory of the blobs, and makes there.
extension BlobStore {
    /// Removes the journal that an earlier version kept small blobs in, unless it holds some.
    static func checkJournal(_ root: Directory) throws(SystemCallError) {
        let name = "journal"
        do throws(SystemCallError) {
            let journal = try root.open(name, flags: O_RDONLY | O_NOFOLLOW).readAll()
            // Each half began with a record until a clean shutdown.
            for start in [0, journal.count / 2] where journal[start...].starts(with: Array("CLKBLOB1".utf8)) {
                throw SystemCallError(.openat, code: ENOTEMPTY)
            }
            try root.remove(name)
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Opens the shards, and makes those that are missing.
    package static func openShards(_ root: Directory) throws(SystemCallError) -> [Directory] {
        var shards: [Directory] = []
        for shard in 0..<Self.shardCount { shards.append(try Directory(in: root, Self.shardName(shard))) }
        return shards
    }

    /// The name of a shard's directory: two hexadecimal digits.
    package static func shardName(_ shard: Int) -> String {
        let digits = String(shard, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }

    /// Unnamed files need the file system's support, and a way to give them a name.
    static func supportedStaging(_ directory: Directory) -> Staging {
        guard directory.system.linksUnnamedFiles, (try? directory.makeUnnamed(flags: O_RDWR)) != nil else {
            return .named
        }
        return .unnamed
    }
}
