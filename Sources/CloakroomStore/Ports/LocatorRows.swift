package import CloakroomDomain

/// What an engine of bytes asks the rows.
package protocol LocatorRows: WriteProbe {
    /// Looks up where a file's bytes are, pending or ready; `nil` without a row or locator.
    func findLocator(_ id: FileID) -> Lookup<BlobLocator?>
    /// Makes everything durable that has been committed.
    ///
    /// - Parameter completion: Called once, on a thread that it must not hold up.
    func flush(completion: @escaping @Sendable (Result<Void, StorageError>) -> Void)
}
