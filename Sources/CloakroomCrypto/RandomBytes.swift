internal import CLibcrypto

/// Bytes from libcrypto's generator, which the operating system seeds.
public enum RandomBytes {
    /// The generator could not be seeded.
    public struct Unavailable: Error, CustomStringConvertible {
        /// What is wrong, in words.
        public var description: String { "no random bytes are available" }
    }

    /// Returns bytes that nobody can predict; throws where libcrypto has no entropy, and never returns anything weaker
    /// instead.
    public static func generate(count: Int) throws(Unavailable) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw Unavailable() }
        return bytes
    }
}
