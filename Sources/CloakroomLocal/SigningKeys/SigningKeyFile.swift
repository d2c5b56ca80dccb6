import CloakroomCrypto
package import CloakroomDomain
package import CloakroomSystem
import Glibc

/// The file `signing-keys` of a data directory, mode 0600: a line `<access key id> <secret> <created>` for each key.
///
/// The first key signs, all verify. Empty lines and lines that begin with `#` are skipped. A new version replaces the
/// old one in one rename, so a reader sees either. Its first line, `# sha256 <hex>`, has the digest of all that follows;
/// a file without one is taken as well.
package struct SigningKeyFile: Sendable {
    /// The keys cannot be used.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The file holds no key, or does not exist.
        case noKeys(path: String)
        /// Others than the owner may read or write the file.
        case exposed(path: String, mode: UInt32)
        /// A line is no key; lines count from 1. The line itself is a secret and not shown.
        case malformed(path: String, line: Int)
        /// Two lines have the same access key id.
        case repeated(path: String, accessKeyID: String)
        /// The content is not what was written.
        case damaged(path: String)
        /// The operating system failed.
        case failed(path: String, reason: String)

        /// What is wrong, for whoever starts the server.
        package var description: String {
            switch self {
            case .noKeys(let path): "\(path): there is no signing key; add one with cloakroom signing-keys rotate"
            case .exposed(let path, let mode):
                "\(path): the mode is 0\(String(mode, radix: 8)), other users can read the secrets; use chmod 600"
            case .malformed(let path, let line):
                "\(path): line \(line) is not `<access key id> <secret> <created>`; the id is \(SigningKey.rule), the secret 16 or more printable ASCII characters, the time like 2026-03-20T11:30:00Z"
            case .repeated(let path, let id): "\(path): the access key id \(id) appears twice"
            case .damaged(let path):
                "\(path) is damaged: its SHA-256 digest is not that of its first line; put the right file back, for example from a backup. If the keys were changed by hand, remove the first line"
            case .failed(let path, let reason): "\(path): \(reason)"
            }
        }
    }

    /// What tells one version of the file from another.
    package struct Version: Hashable, Sendable {
        private let modified: Int64
        private let size: Int64

        init(modified: Int64, size: Int64) {
            self.modified = modified
            self.size = size
        }
    }

    /// The file's name in the data directory.
    package static let name = DataDirectory.signingKeysName
    private let directory: DataDirectory

    /// Names the file of a data directory.
    package init(directory: DataDirectory) {
        self.directory = directory
    }

    private var path: String { self.directory.path(of: Self.name) }

    /// Whether there is such a file; one of which that cannot be told is not to be replaced.
    package var exists: Bool { (try? self.directory.root.contains(Self.name)) ?? true }

    package func read() throws(Failure) -> (keys: [SigningKey], version: Version) {
        let content: [UInt8]
        let status: FileStatus
        do throws(SystemCallError) {
            let file = try self.directory.root.open(Self.name, flags: O_RDONLY | O_NOFOLLOW)
            status = try file.status()
            content = try file.readAll()
        } catch {
            throw error.code == ENOENT ? .noKeys(path: self.path) : .failed(path: self.path, reason: error.description)
        }
        guard status.mode & 0o077 == 0 else { throw .exposed(path: self.path, mode: UInt32(status.mode & 0o777)) }
        guard Self.isWhole(content) else { throw .damaged(path: self.path) }
        let keys = try self.parse(content)
        guard !keys.isEmpty else { throw .noKeys(path: self.path) }
        return (keys, Version(modified: status.modified, size: status.size))
    }

    private static let digestPrefix = "# sha256 "

    /// Returns the line that is put before keys.
    private static func digestLine(_ lines: some Sequence<UInt8>) -> String {
        self.digestPrefix + SHA256.hash(Array(lines)).hexadecimal + "\n"
    }

    /// Whether what follows the first line has its digest; true where it has none.
    private static func isWhole(_ content: [UInt8]) -> Bool {
        guard content.starts(with: self.digestPrefix.utf8) else { return true }
        guard let end = content.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        return content[...end].elementsEqual(self.digestLine(content[(end + 1)...]).utf8)
    }

    private func parse(_ content: [UInt8]) throws(Failure) -> [SigningKey] {
        var keys: [SigningKey] = []
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let line = String(decoding: bytes, as: UTF8.self)
            let parts = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            if parts.isEmpty || line.hasPrefix("#") { continue }
            guard parts.count == 3, let createdAt = Timestamp(rfc3339: parts[2]),
                let key = SigningKey(accessKeyID: String(parts[0]), secret: String(parts[1]), createdAt: createdAt)
            else { throw .malformed(path: self.path, line: index + 1) }
            guard !keys.contains(where: { $0.accessKeyID == key.accessKeyID }) else {
                throw .repeated(path: self.path, accessKeyID: key.accessKeyID)
            }
            keys.append(key)
        }
        return keys
    }

    /// Replaces the keys, the signing one first, durably; after a failure the old file stands as it was.
    package func write(_ keys: [SigningKey]) throws(Failure) {
        let text = keys.map { "\($0.accessKeyID) \($0.revealSecret()) \($0.createdAt.rfc3339)\n" }.joined()
        let content = Self.digestLine(text.utf8) + text
        let temporary = ".\(Self.name).\(getpid())"
        let root = self.directory.root
        do throws(SystemCallError) {
            let file = try root.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
            try file.writeAll(Array(content.utf8), at: 0)
            try file.synchronize()
            try root.rename(temporary, to: root, as: Self.name)
            try root.synchronize()
        } catch {
            try? root.remove(temporary)
            throw .failed(path: self.path, reason: error.description)
        }
    }

    /// The version that stands there now, `nil` where it cannot be told.
    package func currentVersion() -> Version? {
        guard let file = try? self.directory.root.open(Self.name, flags: O_RDONLY | O_NOFOLLOW),
            let status = try? file.status()
        else { return nil }
        return Version(modified: status.modified, size: status.size)
    }
}
