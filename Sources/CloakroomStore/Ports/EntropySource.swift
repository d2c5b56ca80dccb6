/// Gives bytes that nobody can predict.
package protocol EntropySource: Sendable {
    /// Returns random bytes.
    ///
    /// - Throws: ``StorageError`` without entropy; nothing weaker is returned instead.
    func randomBytes(count: Int) throws(StorageError) -> [UInt8]
}
