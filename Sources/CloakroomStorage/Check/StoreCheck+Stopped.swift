import CloakroomDomain

import Glibc

/// What the next start would find, where no server has the data directory.
extension StoreCheck {
    /// Returns what is wrong with the history of a store, before SQLite opens its catalogue.
    ///
    /// - Parameter directory: The data directory.
    /// - Returns: The findings; none beside a server, whose start has found them.
    /// - Throws: What failed.
    static func historyProblems(_ directory: DataDirectory) throws -> [Finding] {
        guard try !directory.hasServer() else { return [] }
        let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root)
        let examination = try HistoryExamination(directory.root, blobs)
        var findings: [Finding] = []
        switch examination.outcome {
        case .whole: break
        case .superfluous:
            findings.append(Finding(.noted, Catalog.logName, "is damaged; all of it is in the database"))
        case .lost(let detail):
            findings.append(Finding(.history, Catalog.fileName, "has lost committed changes: \(detail)"))
        }
        if examination.isMarkDamaged {
            let path = "\(BlobStore.directoryName)/\(HistoryMarkWriter.name)"
            findings.append(Finding(.noted, path, "is damaged; the next start writes it anew"))
        }
        return findings
    }

    /// Returns why a catalogue and the blobs beside it do not belong together.
    ///
    /// - Parameters:
    ///   - catalog: The catalogue.
    ///   - directory: The data directory.
    /// - Returns: The finding; `nil` where they do.
    /// - Throws: What failed.
    static func identityProblem(_ catalog: Catalog, _ directory: DataDirectory) throws -> Finding? {
        guard try !directory.hasServer(),
            let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root)
        else { return nil }
        do {
            guard let found = try IdentityFile(directory: blobs).read() else { return nil }
            let known = try catalog.readers.read { connection throws(SQLiteError) in
                try Catalog.identity(connection)
            }
            return Catalog.problem(known, beside: found).map { Finding(.history, Catalog.fileName, $0) }
        } catch is IdentityFile.Damaged {
            return Finding(.history, "\(BlobStore.directoryName)/\(IdentityFile.name)", "is damaged")
        }
    }
}

extension DataDirectory {
    /// Whether a server has the directory now.
    func hasServer() throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            let lock = try self.root.open(Self.lockName, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            // Given up with the descriptor.
            try self.system.lock(lock.rawValue, LOCK_SH | LOCK_NB)
            return false
        } catch {
            switch error.code {
            case EWOULDBLOCK: return true
            case ENOENT: return false
            default: throw error
            }
        }
    }
}
