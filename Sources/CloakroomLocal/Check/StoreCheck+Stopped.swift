import CloakroomDisk
import CloakroomSQLite
import CloakroomSystem

/// What the next start would find, where no server has the data directory.
extension StoreCheck {
    /// Returns what is wrong with the history of a store, before SQLite opens its catalogue; nothing beside a server,
    /// whose start has found it.
    static func historyProblems(_ directory: DataDirectory) throws -> [Finding] {
        let found = try directory.unlessServed {
            let blobs = try Directory.find(BlobStore.directoryName, in: directory.root)
            let examination = try HistoryExamination(directory.root, blobs)
            let identity = try blobs.flatMap { try self.identityProblem(directory, $0, examination) }
            return (examination: examination, identity: identity)
        }
        guard let (examination, identity) = found else { return [] }
        var findings: [Finding] = identity.map { [$0] } ?? []
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

    /// Returns why a catalogue and the blobs beside it do not belong together; `nil` where they do, or the database cannot be
    /// read.
    private static func identityProblem(
        _ directory: DataDirectory, _ blobs: Directory, _ examination: HistoryExamination
    ) throws -> Finding? {
        do {
            guard let found = try IdentityFile(directory: blobs).read(),
                let mismatch = try Catalog.mismatch(directory, beside: found, examination)
            else { return nil }
            return mismatch.isOfLog
                ? Finding(.history, Catalog.logName, "is from an earlier time than the database")
                : Finding(.history, Catalog.fileName, mismatch.problem)
        } catch is IdentityFile.Damaged {
            return Finding(.history, "\(BlobStore.directoryName)/\(IdentityFile.name)", "is damaged")
        } catch let error as SQLiteError where error.isCorruption {
            return nil
        }
    }
}
