/// Whether an engine of rows takes writes.
package protocol WriteProbe: Sendable {
    /// Makes sure that a transaction can be committed now, and with it everything that was committed before.
    func checkWritable() async throws(StorageError)
}

/// An engine of rows.
package typealias RowEngine = AdmissionRows & DeletionRows & EventRows & FileRows & KeyRows & OrganizationRows
    & RevocationRows
    & WriteProbe
