extension QueryParameters {
    /// The names that mean something to the service, recognised once when a query is read.
    ///
    /// Names are compared as bytes, as a signature does. What SDKs add without effect is recognised in either case:
    /// some write `X-Amz-Content-Sha256`, some `x-amz-content-sha256`.
    enum Name: UInt8 {
        case algorithm, credential, date, expires, signedHeaders, signature, securityToken
        case responseContentType, responseContentDisposition, responseContentLanguage, responseCacheControl
        case responseExpires
        /// Names of Signature Version 2.
        case version2AccessKey, version2Signature, version2Expires
        /// `X-Amz-Content-Sha256`, the hash of the payload.
        case contentSHA256
        /// `x-amz-checksum-crc32` and its kin: a checksum of the body.
        case checksum
        /// `x-id`, the name of the S3 operation.
        case operation
        /// `Content-Type`, which version 2 of the AWS SDK for JavaScript puts there, and S3 ignores.
        case contentType
        /// What SDKs add and S3 ignores: `x-amz-checksum-mode`, `x-amz-sdk-checksum-algorithm`, `X-Amz-User-Agent`.
        case withoutEffect
        /// Any other name that begins with `X-Amz-`, in either case.
        case otherSignature
        case other

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            func isNamed(_ name: StaticString) -> Bool { bytes.hasPrefix(name) }
            // The length leaves one candidate or two.
            switch bytes.count {
            case 7 where isNamed("Expires"): self = .version2Expires
            case 9 where isNamed("Signature"): self = .version2Signature
            case 10 where isNamed("X-Amz-Date"): self = .date
            case 12 where isNamed("Content-Type"): self = .contentType
            case 13 where isNamed("X-Amz-Expires"): self = .expires
            case 14 where isNamed("AWSAccessKeyId"): self = .version2AccessKey
            case 15 where isNamed("X-Amz-Algorithm"): self = .algorithm
            case 15 where isNamed("X-Amz-Signature"): self = .signature
            case 16 where isNamed("X-Amz-Credential"): self = .credential
            case 16 where isNamed("response-expires"): self = .responseExpires
            case 19 where isNamed("X-Amz-SignedHeaders"): self = .signedHeaders
            case 20 where isNamed("X-Amz-Security-Token"): self = .securityToken
            case 21 where isNamed("response-content-type"): self = .responseContentType
            case 22 where isNamed("response-cache-control"): self = .responseCacheControl
            case 25 where isNamed("response-content-language"): self = .responseContentLanguage
            case 28 where isNamed("response-content-disposition"): self = .responseContentDisposition
            default: self = Self.additional(bytes)
            }
        }

        /// Recognises what other signers add.
        private static func additional(_ bytes: UnsafeBufferPointer<UInt8>) -> Name {
            func isNamed(_ name: StaticString) -> Bool {
                bytes.count == name.utf8CodeUnitCount && bytes.hasPrefixIgnoringCase(name)
            }
            if isNamed("x-id") { return .operation }
            guard bytes.hasPrefixIgnoringCase("x-amz-") else { return .other }
            if isNamed("x-amz-content-sha256") { return .contentSHA256 }
            let ignored: [StaticString] = [
                "x-amz-checksum-mode", "x-amz-sdk-checksum-algorithm", "x-amz-user-agent",
            ]
            if ignored.contains(where: isNamed) { return .withoutEffect }
            let checksums: [StaticString] = [
                "x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-md5",
                "x-amz-checksum-sha1", "x-amz-checksum-sha256", "x-amz-checksum-sha512",
            ]
            return checksums.contains(where: isNamed) ? .checksum : .otherSignature
        }

        /// Whether it is one of SigV4's beside the six that every presigned URL has.
        var isAdditionalOfSigning: Bool {
            switch self {
            case .securityToken, .contentSHA256, .checksum, .otherSignature, .withoutEffect: true
            case .algorithm, .credential, .date, .expires, .signedHeaders, .signature, .responseContentType,
                .responseContentDisposition, .responseContentLanguage, .responseCacheControl, .responseExpires,
                .version2AccessKey, .version2Signature, .version2Expires, .operation, .contentType, .other:
                false
            }
        }
    }
}
