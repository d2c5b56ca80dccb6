import CloakroomCrypto
import CloakroomDomain
import Testing

/// AWS's signing test suite (awslabs/aws-c-auth, query signing): canonical request, string to sign and signature.
struct AWSVectorTests {
    private static let absence: Comment = "shared/vectors/aws-sigv4-query.json does not stand beside the project"

    @Test(.enabled(if: AWSVector.isPresent, Self.absence))
    func suiteIsWhole() {
        #expect(AWSVector.all.count == 38)
    }

    @Test(.enabled(if: AWSVector.isPresent, Self.absence), arguments: AWSVector.all)
    func everyStepIsAWSs(_ vector: AWSVector) throws {
        let request = try AWSVectorRequest(vector.signedRequest)
        var parameters = QueryParameters(parsing: ArraySlice(request.query.utf8))
        let decodedTimestamp = parameters.decodedValue(of: "X-Amz-Date")
        let decodedNames = parameters.decodedValue(of: "X-Amz-SignedHeaders")
        let timestamp = try #require(decodedTimestamp)
        let names = try #require(decodedNames)
        parameters.remove("X-Amz-Signature")
        if vector.context.omitSessionToken == true { parameters.remove("X-Amz-Security-Token") }
        parameters.sort()

        let path = vector.context.normalize ? Self.normalized(request.path) : request.path
        let payload = Array((vector.context.signBody ? request.body : "").utf8)
        var canonicalRequest = CanonicalRequest(
            method: request.method.utf8, path: ArraySlice(path.utf8), parameters: parameters)
        for name in names.split(separator: UInt8(ascii: ";")) {
            canonicalRequest.append(name: name, values: request.values(of: String(decoding: name, as: UTF8.self)))
        }
        canonicalRequest.end(signedHeaders: names, payloadHash: SHA256.hash(payload).hexadecimal.utf8)
        let canonicalText = String(decoding: canonicalRequest.bytes, as: UTF8.self)
        #expect(canonicalText == vector.canonicalRequest)

        let day = String(decoding: timestamp.prefix(8), as: UTF8.self)
        let scope = CredentialScope(day: day, region: vector.context.region, service: vector.context.service)
        let stringToSign = StringToSign(
            timestamp: timestamp, scope: scope.description.utf8, digest: canonicalRequest.digest)
        let textToSign = String(decoding: stringToSign.bytes, as: UTF8.self)
        #expect(textToSign == vector.stringToSign)

        // The suite's AKIDEXAMPLE is shorter than our rule allows; the derivation takes only the secret.
        let candidate = SigningKey(
            accessKeyID: "AKIDEXAMPLE000000000", secret: vector.context.credentials.secretAccessKey,
            createdAt: Timestamp(secondsSinceEpoch: 0))
        let key = try #require(candidate)
        let signature = key.derived(for: scope).authenticationCode(for: stringToSign.bytes).hexadecimal
        #expect(signature == vector.signature)
    }

    /// Removes dot segments (RFC 3986 §5.2.4) and empty ones: the rule of the services other than S3.
    private static func normalized(_ path: String) -> String {
        let segments = path.split(separator: "/")
        var kept: [Substring] = []
        for segment in segments where segment != "." {
            if segment == ".." { _ = kept.popLast() } else { kept.append(segment) }
        }
        let endsInSlash = path.hasSuffix("/") || segments.last == "." || segments.last == ".."
        return "/" + kept.joined(separator: "/") + (endsInSlash && !kept.isEmpty ? "/" : "")
    }
}
