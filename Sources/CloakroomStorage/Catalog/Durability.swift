/// What a power cut may take of a change that was committed.
enum Durability: Hashable, Sendable {
    /// Nothing: it has been flushed when it returns.
    case required
    /// The change, because the engine of the bytes makes it again at the next start.
    case rebuildable
}
