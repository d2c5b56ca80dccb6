package import CloakroomDomain

/// Rows that this process keeps in memory.
///
/// They are right because no other process changes rows of files. An engine with several nodes has to keep none, or to be told
/// of changes.
package struct RowCaches: Sendable {
    /// Rows that were added a moment ago.
    let pending = PendingFileCache(capacity: 32_768)
    /// Ready rows that were looked up lately.
    let ready = ReadyFiles(capacity: 65_536)

    package init() {}

    package func drop(_ id: FileID) {
        _ = self.pending.take(id)
        self.ready.drop(id)
    }
}
