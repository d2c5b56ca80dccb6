import CloakroomDomain
import Testing

/// How much an organization may keep.
struct QuotaTests {
    struct Case: Sendable {
        let quota: Quota
        let usage: Quota.Usage
        let size: Int64
        let excess: Quota.Excess.Resource?
    }

    static let cases: [Case] = [
        Case(quota: Quota(), usage: .init(files: .max, bytes: .max), size: 1, excess: nil),
        Case(quota: Quota(maximumFiles: 2), usage: .init(files: 1, bytes: 0), size: 1, excess: nil),
        Case(quota: Quota(maximumFiles: 2), usage: .init(files: 2, bytes: 0), size: 1, excess: .files),
        Case(quota: Quota(maximumFiles: 0), usage: .init(files: 0, bytes: 0), size: 1, excess: .files),
        Case(quota: Quota(maximumFiles: 1), usage: .init(files: 5, bytes: 0), size: 1, excess: .files),
        Case(quota: Quota(maximumBytes: 10), usage: .init(files: 1, bytes: 6), size: 4, excess: nil),
        Case(quota: Quota(maximumBytes: 10), usage: .init(files: 1, bytes: 6), size: 5, excess: .bytes),
        Case(quota: Quota(maximumBytes: 0), usage: .init(files: 0, bytes: 0), size: 1, excess: .bytes),
        Case(quota: Quota(maximumBytes: .max), usage: .init(files: 1, bytes: .max - 1), size: .max, excess: .bytes),
    ]

    @Test(arguments: Self.cases)
    func fileFitsOrNot(_ example: Case) throws {
        let size = try #require(ByteCount(example.size))
        guard let resource = example.excess else {
            try example.quota.check(adding: size, to: example.usage)
            return
        }
        let error = #expect(throws: Quota.Excess.self) { try example.quota.check(adding: size, to: example.usage) }
        #expect(error?.resource == resource)
    }

    @Test(arguments: ["k", "my-unique-key-123", "a key", "~!@#", String(repeating: "x", count: 255)])
    func idempotencyKeysAreRead(text: String) {
        #expect(IdempotencyKey(text)?.text == text)
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), "k\n", "clé", "\u{7F}", "\t"])
    func otherIdempotencyKeysAreRefused(text: String) {
        #expect(IdempotencyKey(text) == nil)
    }
}
