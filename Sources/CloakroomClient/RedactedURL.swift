/// A presigned URL for messages: its query, which makes it a secret, prints as `<redacted>`.
struct RedactedURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL up to its query.
    let description: String

    init(_ url: String) {
        let base = url.prefix { $0 != "?" }
        self.description = base.endIndex == url.endIndex ? url : "\(base)?<redacted>"
    }
}
