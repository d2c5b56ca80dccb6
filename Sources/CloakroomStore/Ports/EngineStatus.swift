/// Whether the engines can do their work, for `/readyz`.
package protocol EngineStatus: WriteProbe {
    /// Why writes are rejected, and since when; `nil` while they are not.
    var rejection: StorageHealth.Rejection? { get }
    /// Looks up what is known to be missing from the rows; `nil` where nothing is.
    func findLostHistory() -> Lookup<LostHistory?>
    /// How much room there is for bytes and rows; `nil` where that is not known.
    func freeSpace() -> FreeSpace?
}
