import CloakroomDomain
import Testing

/// How long files are kept.
struct FileLifetimeTests {
    private static let creation = Timestamp(secondsSinceEpoch: 1_774_006_200)

    // Ten years of 365 days have 315,360,000 seconds.
    @Test(arguments: [1, 60, 86_400, 315_360_000] as [Int64])
    func secondsAreRead(seconds: Int64) throws {
        let lifetime = try #require(FileLifetime(seconds: seconds))
        #expect(lifetime.seconds == seconds)
        #expect(lifetime.end(from: Self.creation).secondsSinceEpoch == 1_774_006_200 + seconds)
    }

    @Test(arguments: [0, -1, 315_360_001, .min, .max] as [Int64])
    func otherSecondsAreRefused(seconds: Int64) {
        #expect(FileLifetime(seconds: seconds) == nil)
    }

    private static func file(endingAfter seconds: Int64?) throws -> FileRecord {
        let declaration = UploadDeclaration(
            filename: try Filename("a.png"), mediaType: try #require(MediaType("image/png")), size: .one, sha256: nil)
        return FileRecord(
            id: FileID(milliseconds: 1, sequence: 0, random: 1), organization: .default, declaration: declaration,
            createdAt: Self.creation, uploadExpiresAt: Self.creation, status: .pending,
            expiresAt: seconds.map { Self.creation.advanced(bySeconds: $0) })
    }

    @Test(arguments: [(nil, false), (59, true), (60, true), (61, false)] as [(Int64?, Bool)])
    func fileHasEndedFromItsEndOn(seconds: Int64?, isExpired: Bool) throws {
        let file = try Self.file(endingAfter: seconds)
        #expect(file.isExpired(at: Self.creation.advanced(bySeconds: 60)) == isExpired)
    }

    /// A file's own end, the latest that is allowed, and which counts, in seconds.
    struct Ends: Sendable {
        let own: Int64?
        let latest: Int64?
        let expected: Int64?
    }

    static let ends = [
        Ends(own: nil, latest: nil, expected: nil),
        Ends(own: 60, latest: nil, expected: 60),
        Ends(own: nil, latest: 60, expected: 60),
        Ends(own: 60, latest: 61, expected: 60),
        Ends(own: 61, latest: 60, expected: 60),
    ]

    @Test(arguments: Self.ends)
    func theEarlierEndCounts(_ example: Ends) throws {
        let latest = example.latest.map { Self.creation.advanced(bySeconds: $0) }
        let file = try Self.file(endingAfter: example.own).ending(by: latest)
        #expect(try file == Self.file(endingAfter: example.expected))
    }
}
