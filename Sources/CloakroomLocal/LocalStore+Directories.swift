import CloakroomDisk
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem

extension LocalStore {
    /// Passes unless a directory is missing that ready files are in: an empty one made anew would hide that their disk is
    /// not mounted, and take uploads in its place.
    static func checkDirectories(of directory: DataDirectory, _ catalog: Catalog) throws(BlobStore.OpenError) {
        let path = directory.path(of: BlobStore.directoryName)
        let tree: BlobTree
        do throws(SystemCallError) {
            tree = try BlobTree(directory)
        } catch {
            throw BlobStore.OpenError(description: "\(path): \(error)")
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
            throw BlobStore.OpenError(description: "\(path): \(error)")
        }
        var missing = inUse.shards.filter { tree.shards[$0] == nil }.map(BlobStore.shardName).sorted()
        if inUse.hasLocators, tree.packs == nil { missing.append(PackStore.directoryName) }
        guard let first = missing.first else { return }
        throw BlobStore.OpenError(
            description: """
                \(path)/\(first) is missing, \(missing.count) directories of \(BlobStore.shardCount + 1) are, and the catalogue has \
                files in them: mount or restore them; to go on without those files, make the directories
                """)
    }
}
