import CloakroomStore
import Testing

@testable import CloakroomDomain
@testable import CloakroomServer

/// What each failure answers: S3's codes and statuses, by the contract and the rules of verification.
struct StorageRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let error: PresignedURLError
        let status: Int
        let code: String

        init(_ error: PresignedURLError, _ status: Int, _ code: String) {
            self.error = error
            self.status = status
            self.code = code
        }

        var testDescription: String { "\(self.error)" }
    }

    private static let time = Timestamp(secondsSinceEpoch: 1_774_006_200)
    private static let parameters = "AuthorizationQueryParametersError"

    static let presigned: [Case] = [
        Case(.notPresigned, 403, "AccessDenied"),
        Case(.twoMechanisms, 400, "InvalidArgument"),
        Case(.signatureVersion2, 400, "InvalidRequest"),
        Case(.missingParameter("X-Amz-Date"), 400, Self.parameters),
        Case(.repeatedParameter("X-Amz-Date"), 400, Self.parameters),
        Case(.unsupportedAlgorithm("a"), 400, Self.parameters),
        Case(.credential(.partCount(4)), 400, Self.parameters),
        Case(.credential(.region(received: "a", expected: "b")), 400, Self.parameters),
        Case(.malformedDate("a"), 400, Self.parameters),
        Case(.scopeDayMismatch(scope: "a", date: "b"), 400, Self.parameters),
        Case(.malformedExpires("a"), 400, Self.parameters),
        Case(.lifetimeTooLong(seconds: 2, maximum: 1), 400, Self.parameters),
        Case(.expired(lifetimeSeconds: 1, at: Self.time, now: Self.time), 403, "AccessDenied"),
        Case(.notYetValid(from: Self.time, now: Self.time), 403, "AccessDenied"),
        Case(.unknownAccessKey("a"), 403, "InvalidAccessKeyId"),
        Case(.securityToken, 400, "InvalidToken"),
        Case(.headersNotSigned(["host"]), 403, "AccessDenied"),
        Case(.signatureMismatch(nil), 403, "SignatureDoesNotMatch"),
        Case(.contentLengthMismatch(expected: .zero, received: 1), 400, "ContentLengthMismatch"),
        Case(.contentTooLarge(maximum: .zero, received: 1), 413, "EntityTooLarge"),
        Case(.streamingPayload, 501, "NotImplemented"),
        Case(.unsupportedParameter("a"), 400, "InvalidArgument"),
        Case(.malformedResponseHeader("a"), 400, "InvalidArgument"),
        Case(.noSuchKey, 404, "NoSuchKey"),
        Case(.methodNotAllowed(allowed: ["PUT"]), 405, "MethodNotAllowed"),
    ]

    @Test(arguments: Self.presigned)
    func presignedURLErrorIsAnsweredAsS3Does(_ example: Case) {
        let rejection = StorageRejection(example.error)
        #expect(rejection.status.rawValue == example.status)
        #expect(rejection.code == example.code)
    }

    private static func details(_ rejection: StorageRejection) -> [String] {
        rejection.details.map { "\($0.name)=\($0.value)" }
    }

    @Test
    func expiryTellsTheTimes() {
        let end = Timestamp(secondsSinceEpoch: 1_774_009_800)
        let now = Timestamp(secondsSinceEpoch: 1_774_009_801)
        let rejection = StorageRejection(PresignedURLError.expired(lifetimeSeconds: 3_600, at: end, now: now))
        #expect(rejection.message == "Request has expired")
        let expected = ["X-Amz-Expires=3600", "Expires=2026-03-20T12:30:00Z", "ServerTime=2026-03-20T12:30:01Z"]
        #expect(Self.details(rejection) == expected)
    }

    @Test
    func mismatchIsNamed() throws {
        let mediaType = try #require(MediaType("image/png"))
        let type = StorageRejection(PresignedURLError.contentTypeMismatch(expected: mediaType, received: "image/gif"))
        let absent = StorageRejection(PresignedURLError.contentTypeMismatch(expected: mediaType, received: nil))
        let method = StorageRejection(
            PresignedURLError.signatureMismatch(
                PresignedURLError.Mismatch(element: .method, expected: "GET", received: "POST")))
        #expect(type.status == HTTPStatus.badRequest)
        #expect(type.code == "ContentTypeMismatch")
        #expect(Self.details(type) == ["Mismatch=content-type", "Expected=image/png", "Received=image/gif"])
        #expect(Self.details(absent).last == "Received=none")
        #expect(Self.details(method) == ["Mismatch=method", "Expected=GET", "Received=POST"])
    }

    @Test
    func unsignedHeadersAndAllowedMethodsAreListed() {
        let headers = StorageRejection(PresignedURLError.headersNotSigned(["x-amz-acl", "x-amz-copy-source"]))
        let methods = StorageRejection(PresignedURLError.methodNotAllowed(allowed: ["GET", "HEAD", "OPTIONS"]))
        #expect(Self.details(headers) == ["HeadersNotSigned=x-amz-acl, x-amz-copy-source"])
        #expect(methods.fields == [StorageRejection.Detail("Allow", "GET, HEAD, OPTIONS")])
    }

    struct StorageCase: CustomTestStringConvertible, Sendable {
        let error: StorageError
        let status: Int
        let code: String

        var testDescription: String { "\(self.error)" }
    }

    static let storage: [StorageCase] = [
        StorageCase(error: .notFound, status: 404, code: "NoSuchKey"),
        StorageCase(error: .alreadySealed, status: 409, code: "UploadAlreadyCompleted"),
        StorageCase(error: .wrongLength(expected: 2, received: 1), status: 400, code: "ContentLengthMismatch"),
        StorageCase(error: .full, status: 507, code: "InsufficientStorage"),
        StorageCase(error: .writesRejected("fsync: EIO"), status: 503, code: "ServiceUnavailable"),
        StorageCase(error: .failed("/var/lib: EIO"), status: 500, code: "InternalError"),
    ]

    @Test(arguments: Self.storage)
    func storageErrorIsAnsweredWithoutItsReason(_ example: StorageCase) {
        let rejection = StorageRejection(example.error)
        let document = ErrorDocument(rejection, requestID: "0").xml
        #expect(rejection.status.rawValue == example.status)
        #expect(rejection.code == example.code)
        #expect(!document.contains("EIO"))
    }
}
