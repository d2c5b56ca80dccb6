package import CloakroomDomain

/// What an engine of bytes asks the rows.
package protocol LocatorRows: WriteProbe {
    /// Whether a file is ready and its row says that its bytes are there; `nil` stands for the place that the id alone says.
    func refers(_ id: FileID, to locator: BlobLocator?) -> Lookup<Bool>
    /// Makes everything durable that has been committed.
    ///
    /// - Parameter completion: Called once, on a thread that it must not hold up.
    func flush(completion: @escaping @Sendable (Result<Void, StorageError>) -> Void)
}
