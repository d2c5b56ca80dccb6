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
        let found = try directory.unlessServed {
            try HistoryExamination(directory.root, BlobTree.find(BlobStore.directoryName, in: directory.root))
        }
        guard let examination = found else { return [] }
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
        guard let blobs = try BlobTree.find(BlobStore.directoryName, in: directory.root) else { return nil }
        do {
            let pair = try directory.unlessServed {
                let known = try catalog.readers.read { connection throws(SQLiteError) in
                    try Catalog.identity(connection)
                }
                return (known, try IdentityFile(directory: blobs).read())
            }
            guard let (known, found) = pair, let found else { return nil }
            return Catalog.problem(known, beside: found).map { Finding(.history, Catalog.fileName, $0) }
        } catch is IdentityFile.Damaged {
            return Finding(.history, "\(BlobStore.directoryName)/\(IdentityFile.name)", "is damaged")
        }
    }
}
