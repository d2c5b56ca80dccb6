import CloakroomDomain

extension StagedBlob {
    /// How many bytes there may be.
    enum Length: Hashable, Sendable {
        /// As many as were declared.
        case exactly(ByteCount)
        /// At least one and no more than this.
        case atMost(ByteCount)

        var limit: Int64 {
            switch self {
            case .exactly(let count), .atMost(let count): count.bytes
            }
        }

        func allows(_ count: Int64) -> Bool {
            switch self {
            case .exactly(let declared): count == declared.bytes
            case .atMost(let limit): (1...limit.bytes).contains(count)
            }
        }

        /// Whether it may turn out to be a packed blob's.
        var mayBePacked: Bool {
            switch self {
            case .exactly(let count): count.bytes <= Int64(PackStore.maximumBodyLength)
            case .atMost: true
            }
        }
    }
}
