import CloakroomStore

/// Goes through the ready files of a backup's catalogue, a page of rows at a time.
struct SealedFileCursor {
    private let catalog: BackupCatalog
    private let order: BackupCatalog.Order
    private var page: ArraySlice<SealedFile> = []
    private var last: SealedFile?
    private var isAtEnd = false

    init(_ catalog: BackupCatalog, _ order: BackupCatalog.Order) {
        self.catalog = catalog
        self.order = order
    }

    /// Returns the next file; `nil` after the last one.
    mutating func next() throws(BackupError) -> SealedFile? {
        if self.page.isEmpty, !self.isAtEnd {
            let rows = try self.catalog.page(after: self.last, self.order)
            self.isAtEnd = rows.isEmpty
            self.last = rows.last ?? self.last
            self.page = rows[...]
        }
        return self.page.popFirst()
    }
}
