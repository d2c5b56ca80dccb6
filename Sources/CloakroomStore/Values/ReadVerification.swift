/// When the bytes of a blob are held to its digest while they are read as a whole.
///
/// Bodies of up to 64 KiB are verified whenever they are loaded, whatever is set here.
package enum ReadVerification: String, Hashable, Sendable, CaseIterable {
    /// The first time since the start.
    case first
    /// Never: damage is found by the scrub and by a check.
    case never
    /// Each time.
    case always
}
