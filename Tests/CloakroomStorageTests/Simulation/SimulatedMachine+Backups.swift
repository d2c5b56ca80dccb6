import CloakroomDomain

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A directory of backups beside the data directory, and what is in it.
extension SimulatedMachine {
    /// What the data directory and the backups are in.
    private var rootPath: String { "/\(self.number)" }

    var backupsPath: String { "\(self.rootPath)/backups" }

    /// The names of backups that are not being made, in their order.
    var backups: [String] { self.names("../backups").filter { !$0.hasPrefix("incomplete-") }.sorted() }

    /// Whether there is something in a directory, and nothing keeps a server from opening it.
    ///
    /// - Parameter name: The directory's name beside the backups.
    /// - Returns: Whether it can be taken for a store.
    func isStore(_ name: String) -> Bool {
        let path = "\(self.rootPath)/\(name)"
        let directory = try? DataDirectory(path: path, creates: false, exclusively: false, system: self)
        return directory != nil && !self.names("../\(name)").isEmpty
    }

    /// Takes the data directory away, durably.
    func loseData() throws(SystemCallError) {
        let root = try Directory(path: self.rootPath, system: self)
        try root.removeTree("data")
        try root.synchronize()
    }

    /// The bytes of a ready file in a store, as they are seen.
    ///
    /// - Parameters:
    ///   - file: What the store's catalogue says of it.
    ///   - store: The store's name beside the data directory, or its path from there.
    /// - Returns: The bytes; `nil` where there are none.
    func bytes(of file: SealedFile, in store: String) -> [UInt8]? {
        guard let slot = file.slot else {
            return self.content("../\(store)/blobs/\(file.id.uuid.suffix(2))/\(file.id.uuid)")?.bytes
        }
        let pack = self.content("../\(store)/blobs/packs/\(slot.pack.fileName)")?.bytes ?? []
        return Array(pack.dropFirst(Int(slot.bodyOffset)).prefix(slot.bodyLength))
    }
}
