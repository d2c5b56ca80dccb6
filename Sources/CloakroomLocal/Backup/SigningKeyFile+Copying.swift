import CloakroomSystem

import Glibc

extension SigningKeyFile {
    /// Copies the signing keys of a store as they stand there, durable but for the name; `false` where there are none:
    /// the store has never been served.
    static func copy(
        from source: Directory, at sourcePath: String, to target: Directory, at targetPath: String
    ) throws(BackupError) -> Bool {
        let keys: [UInt8]
        do throws(SystemCallError) {
            keys = try source.open(Self.name, flags: O_RDONLY | O_NOFOLLOW).readAll()
        } catch {
            if error.code == ENOENT { return false }
            throw BackupError(error, at: "\(sourcePath)/\(Self.name)")
        }
        let written: [UInt8]
        do throws(SystemCallError) {
            let file = OpenFile(try target.open(Self.name, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW))
            try file.descriptor.writeAll(keys, at: 0)
            try file.descriptor.synchronize()
            file.dropCache()
            written = try file.descriptor.readAll()
        } catch {
            throw BackupError(error, at: "\(targetPath)/\(Self.name)")
        }
        guard written == keys else {
            throw .unverified(path: "\(targetPath)/\(Self.name)", reason: "its bytes differ")
        }
        return true
    }
}
