"""Bytes to upload, and others of the same length, with their digests as openssl and the CRCs' definitions give them."""

FOX = b"The quick brown fox jumps over the lazy dog"
COG = b"The quick brown fox jumps over the lazy cog"

FOX_SHA256 = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"
COG_SHA256 = "e4c4d8f3bf76b692de791a173e05321150f7a345b46484fe427f6acc7ecc81be"

# The values of x-amz-checksum-* in Base64, by algorithm.
FOX_CHECKSUMS = {
    "crc32": "QU+jOQ==",
    "crc32c": "ImIEBA==",
    "crc64nvme": "12xUBUlUwUM=",
    "sha1": "L9ThxnotKPzthJ7hu3bnORuT6xI=",
    "sha256": "16j7swfXgJRpypq8sAguT41WUeRtPNt2LQLQvzfJ5ZI=",
}
