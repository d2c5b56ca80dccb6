/// How much an organization may keep, and for how long; pending files count as much as ready ones.
public struct Quota: Hashable, Sendable {
    /// The most files, `nil` for any number.
    public var maximumFiles: Int64?
    /// The most bytes, `nil` for any number.
    public var maximumBytes: Int64?
    /// The longest life of its files, `nil` for any.
    public var fileLifetime: FileLifetime?

    /// Creates a quota; `nil` stands for any number and any life.
    public init(maximumFiles: Int64? = nil, maximumBytes: Int64? = nil, fileLifetime: FileLifetime? = nil) {
        self.maximumFiles = maximumFiles
        self.maximumBytes = maximumBytes
        self.fileLifetime = fileLifetime
    }

    /// What an organization keeps.
    public struct Usage: Hashable, Sendable {
        /// Its files, pending and ready.
        public let files: Int64
        /// Their sizes, as declared.
        public let bytes: Int64

        /// Creates a usage.
        public init(files: Int64, bytes: Int64) {
            self.files = files
            self.bytes = bytes
        }
    }

    /// Why a file does not fit.
    public struct Excess: Error, Hashable, Sendable {
        /// What there is too much of.
        public enum Resource: Hashable, Sendable {
            /// The number of files.
            case files
            /// The sum of their sizes.
            case bytes
        }

        /// What there is too much of.
        public let resource: Resource
        /// The most that is allowed.
        public let limit: Int64
        /// What is there.
        public let used: Int64
        /// What would have come on top.
        public let requested: Int64
    }

    /// Passes if one more file fits.
    public func check(adding size: ByteCount, to usage: Usage) throws(Excess) {
        if let limit = self.maximumFiles, usage.files >= limit {
            throw Excess(resource: .files, limit: limit, used: usage.files, requested: 1)
        }
        if let limit = self.maximumBytes, usage.bytes > limit - size.bytes {
            throw Excess(resource: .bytes, limit: limit, used: usage.bytes, requested: size.bytes)
        }
    }
}
