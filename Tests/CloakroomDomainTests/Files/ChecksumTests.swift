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
    private static let sha512Text = """
        m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==
        """

    static let accepted: [Case] = [
        Case("content-md5", "XUFAKrxLKna5cZ2REBfFkg==", .md5, Self.md5),
        Case("x-amz-checksum-crc32", "NhCmhg==", .crc32, [0x36, 0x10, 0xA6, 0x86]),
        Case("x-amz-checksum-crc32c", "mnG7TA==", .crc32c, [0x9A, 0x71, 0xBB, 0x4C]),
        Case(
            "x-amz-checksum-crc64nvme", "M3eFcAZSQlc=", .crc64nvme, [0x33, 0x77, 0x85, 0x70, 0x06, 0x52, 0x42, 0x57]),
        Case("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=", .sha1, Self.sha1),
        Case("x-amz-checksum-sha256", Self.sha256Text, .sha256, Self.sha256),
        // RFC 9530 §2, and a dictionary's parameters and spaces (RFC 8941 §3.2).
        Case("content-digest", "sha-256=:\(Self.sha256Text):", .sha256, Self.sha256),
        Case("content-digest", "sha-256=:\(Self.sha256Text):;a=1", .sha256, Self.sha256),
        Case("content-digest", "unknown=:AA==:, \tsha-256=:\(Self.sha256Text):", .sha256, Self.sha256),
    ]

    @Test(arguments: Self.accepted)
    func announcedDigestIsRead(_ example: Case) throws {
        let checksums = try Checksum.read { $0 == example.field ? example.value : nil }
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

    static let refused: [MalformedCase] = [
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
    ]

    @Test(arguments: Self.refused)
    func malformedDigestIsRefused(_ example: MalformedCase) {
        #expect(throws: Checksum.Malformed(field: example.field)) {
            try Checksum.read { $0 == example.field ? example.value : nil }
        }
    }

    @Test
    func everyAnnouncedDigestCounts() throws {
        let fields = [
            "content-md5": "XUFAKrxLKna5cZ2REBfFkg==", "x-amz-checksum-crc32": "NhCmhg==",
            "content-digest": "sha-512=:\(Self.sha512Text):,sha-256=:\(Self.sha256Text):", "digest": "ignored",
        ]
        let checksums = try Checksum.read { fields[$0] }
        let expected: Set<Checksum.Algorithm> = [.md5, .crc32, .sha512, .sha256]
        #expect(Set(checksums.map(\.algorithm)) == expected)
        let none = try Checksum.read { _ in nil }
        #expect(none.isEmpty)
    }
}
