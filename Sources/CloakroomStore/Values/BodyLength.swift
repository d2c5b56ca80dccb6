package import CloakroomDomain

/// How many bytes an upload may have.
package enum BodyLength: Hashable, Sendable {
    /// As many as were declared.
    case exactly(ByteCount)
    /// At least one and no more than this.
    case atMost(ByteCount)

    /// The most bytes.
    package var limit: Int64 {
        switch self {
        case .exactly(let count), .atMost(let count): count.bytes
        }
    }

    /// Whether a body that has ended may have so many bytes.
    package func allows(_ count: Int64) -> Bool {
        switch self {
        case .exactly(let declared): count == declared.bytes
        case .atMost(let limit): (1...limit.bytes).contains(count)
        }
    }

    /// Whether the body may turn out to have no more than so many bytes.
    package func mayFit(in count: Int) -> Bool {
        switch self {
        case .exactly(let declared): declared.bytes <= Int64(count)
        case .atMost: true
        }
    }
}
