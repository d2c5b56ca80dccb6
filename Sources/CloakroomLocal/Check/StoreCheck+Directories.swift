import CloakroomDisk
import CloakroomDomain
import CloakroomSQLite
import CloakroomStore
import CloakroomSystem
import Glibc

/// What lies on the disk against the rows.
extension StoreCheck {
    func checkShards() async throws(StorageError) {
        for shard in 0..<BlobStore.shardCount {
            let name = BlobStore.shardName(shard)
            var ids: [FileID] = []
            for entry in try Self.names(in: self.tree.shards[shard]) {
                if let id = BlobTree.fileID(named: entry, inShard: shard) {
                    ids.append(id)
                } else {
                    self.noteForeign("\(name)/\(entry)")
                }
            }
            for id in try self.catalog.unknownFiles(ids) { try await self.candidate(.orphan(id)) }
        }
    }

    /// Looks for parts of packs to which no file refers.
    func checkPacks() async throws(StorageError) {
        for entry in try Self.names(in: self.tree.packs) {
            if let id = PackID(fileName: entry) {
                try await self.check(id)
            } else {
                self.noteForeign("\(PackStore.directoryName)/\(entry)")
            }
        }
    }

    private func check(_ id: PackID) async throws(StorageError) {
        let path = "\(BlobStore.directoryName)/\(PackStore.directoryName)/\(id.fileName)"
        let content: PackContent
        do throws(SystemCallError) {
            let pack = try PackReader(id, in: self.tree)
            // One of full length is being added to, or was when a crash came: the next start looks through it.
            guard pack.length < self.packLength else { return }
            guard pack.secret != nil else {
                return self.report(Finding(.noted, path, "its header is damaged; unreferenced parts are kept"))
            }
            content = try PackContent(pack)
        } catch {
            guard error.code != ENOENT else { return }
            guard let damage = BlobDamage(error) else { throw error.storageError }
            return self.report(Finding(.noted, path, damage.description))
        }
        for header in content.slots where try !self.catalog.refers(to: header.slot, of: header.id) {
            try await self.candidate(.slot(header.slot, of: header.id))
        }
        for part in try self.catalog.unreferencedParts(content.otherPages, in: id) {
            try await self.candidate(.part(part))
        }
    }

    /// Looks for what does not belong beside the shards.
    func checkNames() throws(StorageError) {
        let root = try StorageError.throwing(Directory.find(BlobStore.directoryName, in: self.directory.root))
        var known: Set = [
            PackStore.directoryName, BlobStore.stagingName, BlobStore.quarantineName, IdentityFile.name,
            IdentityFile.temporaryName, HistoryMarkWriter.name,
        ]
        for shard in 0..<BlobStore.shardCount { known.insert(BlobStore.shardName(shard)) }
        for name in try Self.names(in: root) where !known.contains(name) { self.noteForeign(name) }
    }

    private func noteForeign(_ path: String) {
        self.report(Finding(.noted, "\(BlobStore.directoryName)/\(path)", "does not belong here and was not changed"))
    }

    private static func names(in directory: Directory?) throws(StorageError) -> [String] {
        try StorageError.throwing(directory?.names().sorted() ?? [])
    }
}
