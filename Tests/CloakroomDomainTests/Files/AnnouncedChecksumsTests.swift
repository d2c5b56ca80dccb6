import Testing

@testable import CloakroomDomain

/// Checksums in the head of a request and in its trailers; the values are those of "hello" by Python's hashlib and zlib.
struct AnnouncedChecksumsTests {
    private static let crc32 = (name: "x-amz-checksum-crc32", value: "NhCmhg==")
    private static let md5 = (name: "content-md5", value: "XUFAKrxLKna5cZ2REBfFkg==")
    private static let sha256 = (name: "x-amz-checksum-sha256", value: "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    private static let sha512 = (
        name: "content-digest",
        value: "sha-512=:m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==:"
    )

    @Test
    func everyChecksumOfTheHeadCounts() throws {
        let announced = try AnnouncedChecksums([Self.crc32, Self.md5, Self.sha256, Self.sha512], isChunked: false)
        #expect(announced.checksums.map(\.algorithm) == [.crc32, .md5, .sha256, .sha512])
        #expect(announced.algorithms.isEmpty)
    }

    @Test
    func repeatedFieldIsOneValue() {
        #expect(throws: ChecksumError.malformed(field: "x-amz-checksum-crc32")) {
            try AnnouncedChecksums([Self.crc32, Self.crc32], isChunked: false)
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let head: AnnouncedChecksums.Fields
        let trailers: AnnouncedChecksums.Fields
        let result: Result<[Checksum.Algorithm], ChecksumError>

        init(
            _ name: String, _ head: AnnouncedChecksums.Fields, _ trailers: AnnouncedChecksums.Fields,
            _ result: Result<[Checksum.Algorithm], ChecksumError>
        ) {
            self.name = name
            self.head = head
            self.trailers = trailers
            self.result = result
        }

        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        Case("no trailers", [], [], .success([])),
        Case("an announced one", [("trailer", "X-Amz-Checksum-CRC32")], [Self.crc32], .success([.crc32])),
        Case("announced as in S3", [("x-amz-trailer", "content-md5")], [Self.md5], .success([.md5])),
        Case(
            "announced in two fields", [("trailer", "a, content-digest"), ("trailer", "x-amz-checksum-crc32")],
            [Self.crc32, Self.sha512], .success([.crc32, .sha512])),
        Case("SHA-256, not announced", [], [Self.sha256], .success([.sha256])),
        Case("another, not announced", [], [Self.md5], .failure(.trailerUnannounced(field: "content-md5"))),
        Case(
            "announced and missing", [("trailer", "content-md5")], [Self.sha256],
            .failure(.trailerMissing(field: "content-md5"))),
        Case(
            "of another algorithm", [], [("x-amz-checksum-foo", "AA==")],
            .failure(.unsupported(field: "x-amz-checksum-foo", received: nil))),
        Case(
            "malformed", [("trailer", "content-md5")], [("content-md5", "abc")],
            .failure(.malformed(field: "content-md5"))),
        Case("no checksum", [("trailer", "expires")], [("x-amz-checksum-mode", "ENABLED")], .success([])),
    ]

    @Test(arguments: Self.cases)
    func trailersAreWhatTheHeadAnnounces(_ example: Case) throws {
        let announced = try AnnouncedChecksums(example.head, isChunked: true)
        let result = Result { () throws(ChecksumError) in
            try announced.checksums(inTrailers: example.trailers).map(\.algorithm)
        }
        #expect(result == example.result)
    }

    @Test
    func whatTrailersNeedIsComputed() throws {
        let announced = try AnnouncedChecksums(
            [("trailer", "content-digest, x-amz-checksum-crc32c")], isChunked: true)
        let expected: Set<Checksum.Algorithm> = [.sha256, .sha512, .crc32c]
        #expect(announced.algorithms == expected)
    }

    @Test(arguments: [
        ("content-md5", ChecksumError.trailerWithoutChunks(field: "content-md5")),
        ("x-amz-checksum-foo", .unsupported(field: "x-amz-checksum-foo", received: nil)),
    ])
    func announcementThatCannotBeKeptIsRefused(_ trailer: String, _ error: ChecksumError) {
        #expect(throws: error) { try AnnouncedChecksums([("trailer", trailer)], isChunked: false) }
    }
}
