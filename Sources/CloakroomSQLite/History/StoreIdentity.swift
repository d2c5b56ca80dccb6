import CloakroomCrypto
package import CloakroomStore
package import CloakroomSystem
import Glibc

/// Which store something belongs to, and at which moment of its history it was written.
///
/// The catalogue and the blobs each hold a copy. The generation grows at each start, at each clean stop, and once a
/// minute while there are changes: in the catalogue first, in the blobs once the catalogue's database file has it. So
/// the catalogue is never behind, unless it is an older copy; and at most one generation ahead, unless the blobs are.
package struct StoreIdentity: Hashable, Sendable {
    /// The length of the random part, in bytes.
    package static let length = 16

    /// ``length`` random bytes, drawn at the first start and at each restoration.
    package let bytes: [UInt8]
    /// From 1 on.
    package var generation: Int64

    package init?(bytes: [UInt8], generation: Int64) {
        guard bytes.count == Self.length, generation > 0 else { return nil }
        self.bytes = bytes
        self.generation = generation
    }

    /// Draws an identity for a new store, at its first generation.
    package static func generate(on system: any OperatingSystem) throws(StorageError) -> StoreIdentity {
        let bytes = try system.randomBytes(count: Self.length)
        guard let identity = StoreIdentity(bytes: bytes, generation: 1) else {
            throw .failed("\(bytes.count) random bytes instead of \(Self.length)")
        }
        return identity
    }
}

/// The copy of a store's identity that lies beside its blobs: `blobs/identity`.
///
/// Three lines of text: `cloakroom store`, the identity in hexadecimal digits, and the generation; the last line is the
/// SHA-256 of those before. It is replaced as a whole, and never written to.
package struct IdentityFile: Sendable {
    /// The file cannot be relied upon.
    package struct Damaged: Error {}

    package static let name = "identity"
    package static let temporaryName = "identity.new"
    private static let firstLine = "cloakroom store"
    /// Far more than it has, in bytes.
    private static let maximumLength = 1_024

    /// Where it lies.
    package let directory: Directory

    package init(directory: Directory) {
        self.directory = directory
    }

    /// Reads the identity; `nil` where there is no file; throws ``Damaged`` for content that is none.
    package func read() throws -> StoreIdentity? {
        let bytes = try SystemCallError.unlessMissing(
            self.directory.open(Self.name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
                .read(count: Self.maximumLength, at: 0))
        guard let bytes else { return nil }
        guard let identity = Self.parse(String(decoding: bytes, as: UTF8.self)) else { throw Damaged() }
        return identity
    }

    /// Replaces the identity; on return that is durable, after a failure the file is the one before or the new one.
    package func write(_ identity: StoreIdentity) throws(SystemCallError) {
        let file = try self.directory.open(Self.temporaryName, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        try file.writeAll(Array(Self.text(identity).utf8), at: 0)
        try file.synchronize()
        try self.directory.rename(Self.temporaryName, to: self.directory, as: Self.name)
        try self.directory.synchronize()
    }

    private static func text(_ identity: StoreIdentity) -> String {
        let lines = "\(self.firstLine)\n\(Hexadecimal.encode(identity.bytes))\n\(identity.generation)\n"
        return lines + SHA256.hash(Array(lines.utf8)).hexadecimal + "\n"
    }

    private static func parse(_ text: String) -> StoreIdentity? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 5, let bytes = Hexadecimal.decode(lines[1].utf8), let generation = Int64(lines[2]),
            let identity = StoreIdentity(bytes: bytes, generation: generation), self.text(identity) == text
        else { return nil }
        return identity
    }
}
