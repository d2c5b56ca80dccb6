import CloakroomDomain

import Glibc

/// What a start finds in the directory of the blobs, and makes there.
extension BlobStore {
    /// Passes unless a directory is missing that ready files are in: an empty one made anew would hide that their disk is
    /// not mounted, and take uploads in its place.
    static func checkDirectories(of directory: DataDirectory, _ catalog: Catalog) throws(OpenError) {
        let path = directory.path(of: Self.directoryName)
        let tree: BlobTree
        do throws(SystemCallError) {
            tree = try BlobTree(directory)
        } catch {
            throw OpenError(description: "\(path): \(error)")
        }
        guard tree.packs == nil || tree.shards.contains(where: { $0 == nil }) else { return }
        var inUse: Catalog.DirectoriesInUse
        do throws(StorageError) {
            inUse = try catalog.directoriesInUse()
            // A pending file may be an acknowledged one, whose seal is only in a pack.
            if tree.packs == nil, tree.shards.allSatisfy({ $0 == nil }), try catalog.hasFiles() {
                inUse.hasLocators = true
            }
        } catch {
            throw OpenError(description: "\(path): \(error)")
        }
        var missing = inUse.shards.filter { tree.shards[$0] == nil }.map(Self.shardName).sorted()
        if inUse.hasLocators, tree.packs == nil { missing.append(PackStore.directoryName) }
        guard let first = missing.first else { return }
        throw OpenError(
            description: """
                \(path)/\(first) is missing, \(missing.count) directories of \(Self.shardCount + 1) are, and the catalogue has \
                files in them: mount or restore them; to go on without those files, make the directories
                """)
    }

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
    static func openShards(_ root: Directory) throws(SystemCallError) -> [Directory] {
        var shards: [Directory] = []
        for shard in 0..<Self.shardCount { shards.append(try Directory(in: root, Self.shardName(shard))) }
        return shards
    }

    /// The name of a shard's directory: two hexadecimal digits.
    static func shardName(_ shard: Int) -> String {
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
