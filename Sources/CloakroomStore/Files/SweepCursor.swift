import CloakroomDomain
import Synchronization

/// Where a sweep goes on: files whose bytes cannot be removed now do not hold up those behind them.
final class SweepCursor: Sendable {
    /// How many pages that give nothing one call tries.
    private static let pageLimit = 16

    private let last = Mutex<FileID?>(nil)

    /// Goes on until a page gave something, or enough have been tried; after the last page the next call begins anew.
    func next(
        _ removePage: (FileID?) async throws(StorageError) -> (last: FileID?, removed: [FileID])
    ) async throws(StorageError) -> [FileID] {
        for _ in 0..<Self.pageLimit {
            let page = try await removePage(self.last.withLock { $0 })
            self.last.withLock { $0 = page.last }
            if !page.removed.isEmpty || page.last == nil { return page.removed }
        }
        return []
    }
}
