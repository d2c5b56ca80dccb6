import CloakroomCrypto
import Testing

struct RandomBytesTests {
    @Test(arguments: [1, 8, 30, 32, 1_000])
    func asManyBytesComeAsAreAskedFor(count: Int) throws {
        let bytes = try RandomBytes.generate(count: count)
        #expect(bytes.count == count)
    }

    /// Two equal draws of 256 bits would be the end of every key.
    @Test
    func drawsDiffer() throws {
        let draws = try (0..<100).map { _ in try RandomBytes.generate(count: 32) }
        #expect(Set(draws).count == draws.count)
    }
}
