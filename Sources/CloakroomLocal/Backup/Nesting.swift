import CLinux
import CloakroomSQLite
import CloakroomSystem
import Glibc

/// Whether directories lie in one another, whatever their paths look like.
///
/// A backup in a data directory would be lost with it and be taken for a part of it, and a data directory in a backup
/// would be removed with that.
struct Nesting {
    /// Whether a directory may be a store or a backup.
    enum Itself {
        case mayBeOne, mustNotBeOne
    }

    let system: any OperatingSystem

    /// Passes if something may be made at a path: apart from some directory, and not in any store or backup.
    func check(_ path: String, apartFrom other: Directory, _ otherPath: String) throws(BackupError) {
        do throws(SystemCallError) {
            let (ancestor, isWhole) = try self.deepestExisting(of: path)
            let identity = try other.identity()
            for directory in try self.chain(from: ancestor) where try directory.identity() == identity {
                throw SystemCallError(.openat, code: EDEADLK)
            }
            guard isWhole else { return }
            let inner = try ancestor.identity()
            for directory in try self.chain(from: other) where try directory.identity() == inner {
                throw SystemCallError(.openat, code: EDEADLK)
            }
        } catch {
            guard error.code == EDEADLK else { throw BackupError(error, at: path) }
            throw .nested(path: path, other: otherPath)
        }
    }

    /// Passes unless a path leads into a store or a backup.
    func checkOutsideOfStores(_ path: String, itself: Itself) throws(BackupError) {
        var isInside = false
        do throws(SystemCallError) {
            let (directory, isWhole) = try self.deepestExisting(of: path)
            for directory in try self.chain(from: directory).dropFirst(isWhole && itself == .mayBeOne ? 1 : 0) {
                // In a directory that cannot be searched this cannot be told.
                if (try? directory.contains(Catalog.fileName)) == true { isInside = true }
            }
        } catch {
            throw BackupError(error, at: path)
        }
        if isInside { throw .inStore(path: path) }
    }

    /// Opens a directory that exists, or the deepest above it that does.
    private func deepestExisting(
        of path: String
    ) throws(SystemCallError) -> (directory: Directory, isWhole: Bool) {
        var rest = path
        while true {
            do throws(SystemCallError) {
                return (try Directory(searching: rest.isEmpty ? "." : rest, system: self.system), rest == path)
            } catch {
                while rest.count > 1, rest.hasSuffix("/") { rest.removeLast() }
                let name = rest.split(separator: "/").last
                // What `..` leads to is not known before the directory is there.
                guard error.code == ENOENT, let name, name != ".." else { throw error }
                rest.removeLast(name.count)
            }
        }
    }

    /// A directory and those above it, as far as they may be searched.
    private func chain(from directory: Directory) throws(SystemCallError) -> [Directory] {
        var chain = [directory]
        while let last = chain.last, let parent = try? Directory(searching: "..", in: last),
            try parent.identity() != last.identity()
        {
            chain.append(parent)
        }
        return chain
    }
}
