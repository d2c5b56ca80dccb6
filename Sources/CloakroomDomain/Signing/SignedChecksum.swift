/// The checksums that a presigned URL carries in its query: `x-amz-checksum-sha256` and its kin.
///
/// SDKs move a header of the request that they sign into the query. S3 holds the body to it as it does to the header.
/// A checksum of the empty body has no effect: the AWS SDK for JavaScript, version 3, computes one when it signs an
/// upload whose body it does not know, and no file is empty.
enum SignedChecksum {
    /// The digests of the empty body in Base64, as `openssl` and the CRCs' definitions give them.
    private static let ofEmptyBody: Set<String> = [
        // CRC-32 and CRC-32C, CRC-64/NVME, SHA-1, SHA-256, MD5, SHA-512.
        "AAAAAA==", "AAAAAAAAAAA=", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "1B2M2Y8AsgTpgAmY7PhCfg==",
        "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    ]

    /// Reads the checksums of a query; throws for a value that is no digest of its algorithm.
    static func read(_ parameters: QueryParameters) throws(PresignedURLError) -> [Checksum] {
        var checksums: [Checksum] = []
        for (name, value) in parameters.parameters(of: .checksum) {
            let field = String(decoding: name.map(\.asciiLowercased), as: UTF8.self)
            let digest = PercentEncoding.decodedText(value)
            guard !self.ofEmptyBody.contains(digest) else { continue }
            do throws(ChecksumError) {
                checksums += try Checksum.read(field, digest)
            } catch {
                throw .unsupportedParameter(String(decoding: name, as: UTF8.self))
            }
        }
        return checksums
    }
}
