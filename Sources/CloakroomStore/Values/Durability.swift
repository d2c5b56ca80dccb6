/// What a power cut may take of a change that was committed.
package enum Durability: Hashable, Sendable {
    /// Nothing: the change is flushed when the commit returns.
    case required
    /// The change: the engine of the bytes makes it again at the next start.
    case rebuildable
}
