import CloakroomDomain
import Testing

/// Rules 14 and 15: which headers have to be signed, and that those which arrived count, not those the URL lists.
struct SignedHeadersTests {
    struct ListCase: CustomTestStringConvertible, Sendable {
        let method: String
        let list: String
        let unsigned: [String]

        init(_ method: String, _ list: String, _ unsigned: [String]) {
            self.method = method
            self.list = list
            self.unsigned = unsigned
        }

        var testDescription: String { "\(self.method) \(self.list)" }
    }

    static let lists: [ListCase] = [
        ListCase("GET", "accept", ["host"]),
        ListCase("GET", "Host", ["Host"]),
        ListCase("GET", "host%3Baccept", ["accept"]),
        ListCase("GET", "host%3Bhost", ["host"]),
        ListCase("GET", "accept%3B%3Bhost", ["(empty)"]),
        ListCase("GET", "%3Bhost", ["(empty)"]),
        ListCase("GET", "host%3B", ["(empty)"]),
        ListCase("GET", "host%2Caccept", ["host"]),
        ListCase("PUT", "accept", ["host"]),
        ListCase("PUT", "Content-Type%3Bhost", ["Content-Type"]),
    ]

    @Test(arguments: Self.lists)
    func listIsCanonicalAndComplete(_ example: ListCase) throws {
        let fixture = try SigningFixture()
        let target = SigningFixture.download.replacing("Headers=host", with: "Headers=\(example.list)")
        let request = ReceivedRequest.head(
            example.method, target, ["Host": "127.0.0.1:8081", "Content-Type": "image/png", "Accept": "*/*"])
        #expect(throws: PresignedURLError.headersNotSigned(example.unsigned)) { try fixture.verify(request) }
    }

    struct ArrivalCase: CustomTestStringConvertible, Sendable {
        let name: String
        let value: String
        let isAccepted: Bool

        init(_ name: String, _ value: String, isAccepted: Bool = false) {
            self.name = name
            self.value = value
            self.isAccepted = isAccepted
        }

        var testDescription: String { "\(self.name): \(self.value)" }
    }

    static let arrivals: [ArrivalCase] = [
        ArrivalCase("x-amz-copy-source", "/files/file_00000000-0000-0000-0000-000000000000"),
        ArrivalCase("X-Amz-Copy-Source", "/files/file_00000000-0000-0000-0000-000000000000"),
        ArrivalCase("x-amz-acl", "public-read"),
        ArrivalCase("x-amz-meta-a", ""),
        ArrivalCase("x-amz-date", "20260320T113000Z"),
        ArrivalCase("x-amz-security-token", "t"),
        ArrivalCase("x-amz-server-side-encryption-customer-key", "a"),
        ArrivalCase(
            "x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ArrivalCase("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ArrivalCase("x-amz-content-sha256", "unsigned-payload"),
        ArrivalCase("x-amz-content-sha256", "UNSIGNED-PAYLOAD", isAccepted: true),
        ArrivalCase("x-amz-checksum-crc32", "NhCmhg==", isAccepted: true),
        ArrivalCase("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", isAccepted: true),
        ArrivalCase("x-amz-checksum-mode", "ENABLED", isAccepted: true),
        // CloudFront's, under any name of its own: https://github.com/pypi/infra/issues/219
        ArrivalCase("X-Amz-Cf-Id", "3K5QGXYn9Hc0Xb2dGQ==", isAccepted: true),
        ArrivalCase("x-amz-cf-pop", "FRA60-P1", isAccepted: true),
        ArrivalCase("x-amz-cf", "a"),
        ArrivalCase("x-amz-cfx-id", "a"),
        ArrivalCase("User-Agent", "curl/8", isAccepted: true),
        ArrivalCase("x-amzn-trace-id", "Root=1", isAccepted: true),
    ]

    @Test(arguments: Self.arrivals)
    func amazonHeaderThatArrivedIsSigned(_ example: ArrivalCase) throws {
        let fixture = try SigningFixture()
        let read = ReceivedRequest.head(
            "GET", SigningFixture.download, ["Host": "127.0.0.1:8081", example.name: example.value])
        let upload = ReceivedRequest.head(
            "PUT", SigningFixture.upload,
            [
                "Host": "127.0.0.1:8081", "Content-Type": "image/png", "Content-Length": "4096",
                example.name: example.value,
            ])
        guard !example.isAccepted else {
            let (reading, sending) = try (fixture.verify(read), fixture.verify(upload))
            #expect(reading.download != nil)
            #expect(sending.upload != nil)
            return
        }
        let error = PresignedURLError.headersNotSigned([example.name.lowercased()])
        #expect(throws: error) { try fixture.verify(read) }
        #expect(throws: error) { try fixture.verify(upload) }
    }

    @Test
    func everyUnsignedHeaderIsNamed() throws {
        let fixture = try SigningFixture()
        let request = ReceivedRequest.head(
            "GET", SigningFixture.download,
            ["Host": "127.0.0.1:8081", "x-amz-copy-source": "/a", "Range": "bytes=0-1", "x-amz-acl": "private"])
        let error = PresignedURLError.headersNotSigned(["x-amz-copy-source", "x-amz-acl"])
        #expect(throws: error) { try fixture.verify(request) }
    }
}
