import CloakroomSystem
import Glibc

extension SigningKeyFile {
    /// Copies a store's signing keys and returns `true`, or `false` if the store was never served and has none.
    ///
    /// The copy's bytes are durable; its name is once the caller flushes the directory.
    static func copy(
        from source: Directory, at sourcePath: String, to target: Directory, at targetPath: String
    ) throws(BackupError) -> Bool {
        let keys = try BackupError.at(
            "\(sourcePath)/\(Self.name)",
            SystemCallError.unlessMissing(source.open(Self.name, flags: O_RDONLY | O_NOFOLLOW).readAll()))
        guard let keys else { return false }
        let (path, flags) = ("\(targetPath)/\(Self.name)", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW)
        let file = OpenFile(try BackupError.at(path, target.open(Self.name, flags: flags)))
        try BackupError.at(path, file.descriptor.writeAll(keys, at: 0))
        try BackupError.at(path, file.descriptor.synchronize())
        file.dropCache()
        let written = try BackupError.at(path, file.descriptor.readAll())
        guard written == keys else { throw .unverified(path: path, reason: "its bytes differ") }
        return true
    }
}
