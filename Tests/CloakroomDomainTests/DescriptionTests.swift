import CloakroomCrypto
import CloakroomDomain
import Testing

/// How values print: in messages, in the log, in a debugger.
struct DescriptionTests {
    /// NIST's digest of `abc` (FIPS 180-4 examples).
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    struct Case: Sendable, CustomTestStringConvertible {
        let value: any Sendable
        let text: String

        var testDescription: String { self.text }

        init(_ value: any Sendable, _ text: String) {
            self.value = value
            self.text = text
        }
    }

    /// Times are those of `date -u -d @SECONDS +%FT%TZ`.
    private static let cases = [
        Case(Timestamp(secondsSinceEpoch: 0), "1970-01-01T00:00:00Z"),
        Case(Timestamp(secondsSinceEpoch: 1_774_006_200), "2026-03-20T11:30:00Z"),
        Case(Timestamp(secondsSinceEpoch: -62_167_219_200), "0000-01-01T00:00:00Z"),
        Case(Timestamp(secondsSinceEpoch: 253_402_300_799), "9999-12-31T23:59:59Z"),
        Case(Timestamp(secondsSinceEpoch: 253_402_300_800), "253402300800 seconds since 1970-01-01T00:00:00Z"),
        Case(Timestamp(secondsSinceEpoch: .min), "-9223372036854775808 seconds since 1970-01-01T00:00:00Z"),
        Case(Timestamp(secondsSinceEpoch: .max), "9223372036854775807 seconds since 1970-01-01T00:00:00Z"),
        Case(Permission.filesRead, "files:read"),
        Case(Permission.keysManage, "keys:manage"),
        Case(FileQuery.Status.ready, "ready"),
        Case(ByteRange(field: "bytes=0-3", size: ByteCount(inMemory: 6)), "bytes 0-3"),
        Case(ByteRange(field: nil, size: ByteCount(inMemory: 6)), "whole"),
        Case(ByteRange(field: "bytes=6-", size: ByteCount(inMemory: 6)), "unsatisfiable"),
    ]

    @Test(arguments: cases)
    func valuePrintsAsPeopleReadIt(example: Case) {
        #expect("\(example.value)" == example.text)
        // What a debugger and a failed test show.
        #expect(String(reflecting: example.value) == example.text)
    }

    @Test func optionalAndNestedValuesPrintLikeValues() throws {
        let digest = try #require(SHA256Digest(hexadecimal: Self.abc))
        let seal = FileRecord.Seal(sha256: digest, uploadedAt: Timestamp(secondsSinceEpoch: 1_774_006_200))
        #expect("\(seal)" == "Seal(sha256: \(Self.abc), uploadedAt: 2026-03-20T11:30:00Z)")
        #expect("\(Optional(seal.uploadedAt) as Any)" == "Optional(2026-03-20T11:30:00Z)")
    }

    @Test func checksumPrintsInHexadecimal() throws {
        // `printf abc | openssl md5 -binary | base64`, and `printf abc | md5sum`.
        let checksums = try Checksum.read("content-md5", "kAFQmDzST7DWlj99KOF/cg==")
        #expect(checksums.map { "\($0)" } == ["content-md5: md5 900150983cd24fb0d6963f7d28e17f72"])
    }

    @Test func keyLifetimeAndErrorPrintInWords() throws {
        #expect("\(try #require(IdempotencyKey("order 17")))" == "order 17")
        #expect("\(try #require(FileLifetime(seconds: 3_600)))" == "3600 seconds")
        #expect("\(try #require(FileLifetime(seconds: 1)))" == "1 second")
        #expect(
            "\(Filename.Invalid.length(300))" == "a filename must have 1 to 255 characters; this one has 300")
        #expect(
            "\(Filename.Invalid.character("\n"))"
                == "a filename must not contain control characters, / or \\; this one contains U+000A")
    }

    /// The secret is the example of AWS's documentation.
    @Test func secretsPrintRedacted() throws {
        let secret = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
        let now = Timestamp(secondsSinceEpoch: 1_774_006_200)
        let key = try #require(SigningKey(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secret: secret, createdAt: now))
        #expect(
            "\(key)"
                == #"SigningKey(accessKeyID: "AKIAIOSFODNN7EXAMPLE", createdAt: 2026-03-20T11:30:00Z, secret: <redacted>)"#
        )
        let derived = HMACSHA256(key: Array("Jefe".utf8))
        var dumped = ""
        dump(derived, to: &dumped)
        #expect("\(derived)" == "<redacted>" && String(reflecting: derived) == "<redacted>")
        #expect(dumped == "- <redacted>\n")
        let apiKey = try APIKey.generate()
        #expect("\(apiKey)" == "APIKey(text: <redacted>)")
    }
}
