import CloakroomDomain

extension StorageRejection {
    private static func parametersError(_ message: String) -> StorageRejection {
        StorageRejection(.badRequest, "AuthorizationQueryParametersError", message)
    }

    private static func accessDenied(_ message: String, _ details: [Detail] = []) -> StorageRejection {
        StorageRejection(.forbidden, "AccessDenied", message, details)
    }

    /// Maps every way in which a presigned URL can fail, as S3 responds.
    ///
    /// Never in a response: the string to sign, the signature expected, a secret.
    init(_ error: PresignedURLError) {
        switch error {
        case .notPresigned:
            self = .accessDenied("Access denied: the URL is not presigned; it has no X-Amz-* parameters.")
        case .twoMechanisms:
            self.init(
                .badRequest, "InvalidArgument",
                "Only one authentication mechanism is allowed: the X-Amz-* parameters or the Authorization header.",
                [Detail("ArgumentName", "Authorization")])
        case .signatureVersion2:
            self.init(
                .badRequest, "InvalidRequest",
                "Signature version 2 is not supported. Please use AWS4-HMAC-SHA256.")
        case .missingParameter(let name):
            self = .parametersError(
                "Query-string authentication needs X-Amz-Algorithm, X-Amz-Credential, X-Amz-Date, X-Amz-Expires, X-Amz-SignedHeaders and X-Amz-Signature; \(name) is missing or empty."
            )
        case .repeatedParameter(let name):
            self = .parametersError("The parameter \(name) appears more than once.")
        case .unsupportedAlgorithm(let received):
            self = .parametersError("X-Amz-Algorithm must be AWS4-HMAC-SHA256; it is \"\(received)\".")
        case .credential(let fault):
            self = .parametersError("X-Amz-Credential is invalid: \(Self.describe(fault)).")
        case .malformedDate(let received):
            self = .parametersError("X-Amz-Date must be a date like 20260320T113000Z; it is \"\(received)\".")
        case .scopeDayMismatch(let scope, let date):
            self = .parametersError(
                "X-Amz-Credential is invalid: its date must be that of X-Amz-Date, \(date); it is \(scope).")
        case .malformedExpires(let received):
            self = .parametersError(
                "X-Amz-Expires must be a number of seconds of 1 to 6 digits; it is \"\(received)\".")
        case .lifetimeTooLong(let seconds, let maximum):
            self = .parametersError("X-Amz-Expires must be at most \(maximum) seconds; it is \(seconds).")
        case .expired(let lifetime, let end, let now):
            self = .accessDenied(
                "Request has expired",
                [
                    Detail("X-Amz-Expires", "\(lifetime)"), Detail("Expires", end.rfc3339),
                    Detail("ServerTime", now.rfc3339),
                ])
        case .notYetValid(let start, let now):
            self = .accessDenied(
                "Request is not yet valid",
                [Detail("X-Amz-Date", start.iso8601Basic), Detail("ServerTime", now.rfc3339)])
        case .unknownAccessKey(let id):
            self.init(
                .forbidden, "InvalidAccessKeyId", "There is no signing key with this access key id.",
                [Detail("AWSAccessKeyId", id)])
        case .securityToken:
            self.init(.badRequest, "InvalidToken", "Session tokens are not supported; remove X-Amz-Security-Token.")
        case .headersNotSigned(let names):
            self = .accessDenied(
                "There were headers present in the request which were not signed, or the list of signed headers is not in canonical form",
                [Detail("HeadersNotSigned", names.joined(separator: ", "))])
        case .signatureMismatch(let mismatch):
            self.init(
                .forbidden, "SignatureDoesNotMatch",
                "The signature does not match the request. Check the secret, the method, the URL and the signed headers.",
                mismatch.map { Self.mismatch($0.element.rawValue, $0.expected, $0.received) } ?? [])
        case .contentTypeMismatch(let expected, let received):
            self = .typeMismatch(expected: expected.text, received: received)
        case .contentLengthMismatch(let expected, let received):
            self = .lengthMismatch(expected: expected.bytes, received: received)
        case .contentTooLarge(let maximum, let received):
            self = .tooLarge(maximum: maximum, received: received)
        case .streamingPayload:
            self.init(.notImplemented, "NotImplemented", "Bodies in signed chunks (aws-chunked) are not supported.")
        case .unsupportedParameter(let name):
            self.init(
                .badRequest, "InvalidArgument", "The parameter \(name) is not supported.",
                [Detail("ArgumentName", name)])
        case .malformedResponseHeader(let name):
            self.init(
                .badRequest, "InvalidArgument", "The value of \(name) is not a valid header field value.",
                [Detail("ArgumentName", name)])
        case .noSuchKey:
            self = StorageRejection(.notFound, "NoSuchKey", "The file does not exist.")
        case .methodNotAllowed(let allowed):
            self.init(
                .methodNotAllowed, "MethodNotAllowed", "This method is not allowed on this resource.",
                fields: [Detail("Allow", allowed.joined(separator: ", "))])
        }
    }

    private static func describe(_ fault: PresignedURLError.CredentialFault) -> String {
        switch fault {
        case .partCount(let count):
            "it must be <access key id>/<yyyyMMdd>/<region>/s3/aws4_request; it has \(count) parts"
        case .accessKeyID: "the access key id is empty"
        case .day(let received): "the date must be yyyyMMdd; it is \"\(received)\""
        case .region(let received, let expected): "the region must be \"\(expected)\"; it is \"\(received)\""
        case .service(let received, let expected): "the service must be \"\(expected)\"; it is \"\(received)\""
        case .terminator(let received, let expected): "the last part must be \"\(expected)\"; it is \"\(received)\""
        }
    }
}
