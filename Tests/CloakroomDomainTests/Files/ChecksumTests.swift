import Testing

@testable import CloakroomDomain

/// Fields that announce a digest; the values are those of "hello" by Python's hashlib, zlib, crcmod and base64.
struct ChecksumTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let field: String
        let value: String
        let algorithm: Checksum.Algorithm
        let digest: [UInt8]

        init(_ field: String, _ value: String, _ algorithm: Checksum.Algorithm, _ digest: [UInt8]) {
            self.field = field
            self.value = value
            self.algorithm = algorithm
            self.digest = digest
        }

        var testDescription: String { "\(self.field): \(self.value)" }
    }

    private static let sha256: [UInt8] = [
        44, 242, 77, 186, 95, 176, 163, 14, 38, 232, 59, 42, 197, 185, 226, 158, 27, 22, 30, 92, 31, 167, 66, 94, 115,
        4, 51, 98, 147, 139, 152, 36,
    ]
    private static let md5: [UInt8] = [93, 65, 64, 42, 188, 75, 42, 118, 185, 113, 157, 145, 16, 23, 197, 146]
    private static let sha1: [UInt8] = [
        170, 244, 198, 29, 220, 197, 232, 162, 218, 190, 222, 15, 59, 72, 44, 217, 174, 169, 67, 77,
    ]
    private static let sha256Text = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="

    static let accepted: [Case] = [
        Case("content-md5", "XUFAKrxLKna5cZ2REBfFkg==", .md5, Self.md5),
        Case("x-amz-checksum-crc32", "NhCmhg==", .crc32, [0x36, 0x10, 0xA6, 0x86]),
        Case("x-amz-checksum-crc32c", "mnG7TA==", .crc32c, [0x9A, 0x71, 0xBB, 0x4C]),
        Case(
            "x-amz-checksum-crc64nvme", "M3eFcAZSQlc=", .crc64nvme, [0x33, 0x77, 0x85, 0x70, 0x06, 0x52, 0x42, 0x57]),
        Case("x-amz-checksum-md5", "XUFAKrxLKna5cZ2REBfFkg==", .md5, Self.md5),
        Case("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=", .sha1, Self.sha1),
        Case("x-amz-checksum-sha256", Self.sha256Text, .sha256, Self.sha256),
        // RFC 9530 §2, and a dictionary's parameters and spaces (RFC 8941 §3.2).
        Case("content-digest", "sha-256=:\(Self.sha256Text):", .sha256, Self.sha256),
        Case("content-digest", "sha-256=:\(Self.sha256Text):;a=1", .sha256, Self.sha256),
        Case("content-digest", "sha-256=:\(Self.sha256Text):;a; b=\"x,y;z\";c=?1 , x=:AA==:", .sha256, Self.sha256),
        Case("repr-digest", "sha-256=:\(Self.sha256Text):", .sha256, Self.sha256),
        Case("content-digest", "unknown=:AA==:, \tsha-256=:\(Self.sha256Text):", .sha256, Self.sha256),
    ]

    @Test(arguments: Self.accepted)
    func announcedDigestIsRead(_ example: Case) throws {
        let checksums = try Checksum.read(example.field, example.value)
        let checksum = try #require(checksums.first)
        #expect(checksums.count == 1)
        #expect(checksum.field == example.field)
        #expect(checksum.algorithm == example.algorithm)
        #expect(checksum.value == example.digest)
    }

    struct MalformedCase: CustomTestStringConvertible, Sendable {
        let field: String
        let value: String

        init(_ field: String, _ value: String) {
            self.field = field
            self.value = value
        }

        var testDescription: String { "\(self.field): \(self.value)" }
    }

    static let rejected: [MalformedCase] = [
        MalformedCase("content-md5", ""),
        MalformedCase("content-md5", "5d41402abc4b2a76b9719d911017c592"),
        MalformedCase("content-md5", "XUFAKrxLKna5cZ2REBfFkg"),
        MalformedCase("content-md5", "NhCmhg=="),
        MalformedCase("x-amz-checksum-crc32", "3610a686"),
        MalformedCase("x-amz-checksum-crc32", "M3eFcAZSQlc="),
        MalformedCase("x-amz-checksum-sha1", "NhCmhg=="),
        MalformedCase("x-amz-checksum-sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        MalformedCase("x-amz-checksum-sha256", "\(Self.sha256Text)-2"),
        MalformedCase("content-digest", Self.sha256Text),
        MalformedCase("content-digest", "sha-256=\(Self.sha256Text)"),
        MalformedCase("content-digest", "sha-256=::"),
        MalformedCase("content-digest", "sha-256=:NhCmhg==:"),
        MalformedCase("content-digest", "sha-512=:\(Self.sha256Text):"),
        MalformedCase("content-digest", "sha-256"),
        MalformedCase("content-digest", ""),
        MalformedCase("content-digest", ","),
        MalformedCase("content-digest", "sha-256=:\(Self.sha256Text):,"),
        MalformedCase("content-digest", "sha-256=:\(Self.sha256Text): x"),
        MalformedCase("content-digest", "sha-256 = :\(Self.sha256Text):"),
        MalformedCase("content-digest", "SHA-256=:\(Self.sha256Text):"),
        MalformedCase("content-digest", "md5=abc, sha-256=:\(Self.sha256Text):"),
        MalformedCase("repr-digest", "sha-256=:NhCmhg==:"),
        MalformedCase("x-amz-checksum-md5", "NhCmhg=="),
        MalformedCase("x-amz-checksum-sha512", "\(Self.sha256Text)"),
    ]

    @Test(arguments: Self.rejected)
    func malformedDigestIsRefused(_ example: MalformedCase) {
        #expect(throws: ChecksumError.malformed(field: example.field)) {
            try Checksum.read(example.field, example.value)
        }
    }

    struct UnsupportedCase: CustomTestStringConvertible, Sendable {
        let field: String
        let value: String
        let received: String?

        init(_ field: String, _ value: String, _ received: String? = nil) {
            self.field = field
            self.value = value
            self.received = received
        }

        var testDescription: String { "\(self.field): \(self.value)" }
    }

    static let unsupported: [UnsupportedCase] = [
        UnsupportedCase("x-amz-checksum-foo", "NhCmhg=="),
        UnsupportedCase("x-amz-checksum-", ""),
        UnsupportedCase("x-amz-checksum-xxhash64", "NhCmhnAGUkI="),
        UnsupportedCase("content-digest", "md5=:XUFAKrxLKna5cZ2REBfFkg==:", "md5"),
        UnsupportedCase("repr-digest", "md5=:XUFAKrxLKna5cZ2REBfFkg==:, unixsum=:AA==:", "md5, unixsum"),
        UnsupportedCase("digest", "SHA-256=\(Self.sha256Text)"),
    ]

    @Test(arguments: Self.unsupported)
    func unsupportedAlgorithmIsRefused(_ example: UnsupportedCase) {
        #expect(throws: ChecksumError.unsupported(field: example.field, received: example.received)) {
            try Checksum.read(example.field, example.value)
        }
    }

    @Test(arguments: ["x-amz-checksum-mode", "x-amz-checksum-type", "x-amz-checksum-algorithm", "x-amz-acl", "etag"])
    func otherFieldAnnouncesNothing(_ field: String) throws {
        #expect(try Checksum.read(field, "ENABLED").isEmpty)
        #expect(!AnnouncedChecksums.isRelevant(field))
    }
}
