"""URLs of PutObject, as other signers make them, for an `image/png` whose bytes are `fox.FOX`."""

from client_urls import (
    AWS4FETCH, AWS4FETCH_SOURCE, CPP, CPP_SOURCE, GO_SOURCE, JAVA, JAVA_SOURCE, JS, JS_SOURCE, MINIO_GO_SOURCE,
    MINIO_JS_SOURCE, NET_SOURCE, PHP, PHP_SOURCE, PLAIN, RUBY_SOURCE, RUST_CORES_SOURCE, RUST_SOURCE, SIGNING, shape,
)  # fmt: skip
from fox import FOX_CHECKSUMS

PNG = {"Content_Type": "image/png"}
NO_BODY = "x-amz-checksum-crc32=AAAAAA%3D%3D x-amz-sdk-checksum-algorithm=CRC32"
SHA256 = "16j7swfXgJRpypq8sAguT41WUeRtPNt2LQLQvzfJ5ZI%3D"
LENGTH, TYPE, BODY = "content-length%3Bhost", "content-type%3Bhost", "content-length%3Bcontent-type%3Bhost"

UPLOADS = [
    shape("JS v3", f"{JS_SOURCE}; without checksums, up to 3.728", f"{JS} HOST x-id=PutObject"),
    shape(
        "JS v3 with the checksum of no body",
        f"{JS_SOURCE}; from 3.729 (seaweedfs/seaweedfs#10216)",
        f"{JS} HOST {NO_BODY} x-id=PutObject",
    ),
    shape(
        "JS v3 with a type",
        f"{JS_SOURCE}, signableHeaders; a URL of 2025",
        f"{JS} X-Amz-SignedHeaders={TYPE} {NO_BODY} x-id=PutObject",
        **PNG,
    ),
    shape(
        "JS v3 with a length",
        f"{JS_SOURCE}; from 3.729 (seaweedfs/seaweedfs#10216)",
        f"{JS} X-Amz-SignedHeaders={LENGTH} {NO_BODY} x-id=PutObject",
        **PNG,
    ),
    shape(
        "JS v3 with the checksum in an unsigned field",
        f"{JS_SOURCE}; from 3.729, with a client that sends what R2 asks for",
        f"{JS} HOST {NO_BODY} x-id=PutObject",
        x_amz_checksum_crc32=FOX_CHECKSUMS["crc32"],
        **PNG,
    ),
    shape(
        "JS v3 with its user agent",
        f"{JS_SOURCE}; a URL of 3.43",
        f"{JS} HOST x-amz-user-agent=aws-sdk-js%2F3.43.0 x-id=PutObject",
        **PNG,
    ),
    shape("Go v2", GO_SOURCE, "ALGORITHM CREDENTIAL DATE EXPIRES HOST x-id=PutObject SIGNATURE"),
    shape(
        "Go v2 with a body",
        "aws/aws-sdk-go-v2, service/internal/integrationtest/s3/presign_test.go",
        f"ALGORITHM CREDENTIAL DATE EXPIRES X-Amz-SignedHeaders={BODY} x-id=PutObject SIGNATURE",
        **PNG,
    ),
    shape(
        "Go v2 with the checksum in the query",
        "aws/aws-sdk-go-v2#2387, before #3522",
        f"ALGORITHM X-Amz-Checksum-Sha256={SHA256} CREDENTIAL DATE EXPIRES HOST X-Amz-Sdk-Checksum-Algorithm=SHA256 "
        "x-id=PutObject SIGNATURE",
        **PNG,
    ),
    shape(
        "Go v2 with the checksum in a field",
        "aws/aws-sdk-go-v2#3522, storacha/piri#134",
        f"ALGORITHM CREDENTIAL DATE EXPIRES X-Amz-SignedHeaders={LENGTH}%3Bx-amz-checksum-sha256 x-id=PutObject "
        "SIGNATURE",
        x_amz_checksum_sha256=FOX_CHECKSUMS["sha256"],
    ),
    shape(
        "rclone",
        "rclone/rclone, backend/s3/s3.go, use_presigned_request",
        f"ALGORITHM CREDENTIAL DATE EXPIRES X-Amz-SignedHeaders={BODY}%3Bx-amz-meta-mtime x-id=PutObject SIGNATURE",
        x_amz_meta_mtime="1767670765.123456789",
        **PNG,
    ),
    shape("Java v2", JAVA_SOURCE, JAVA.format(signed="host")),
    shape("Java v2 with a type", JAVA_SOURCE, JAVA.format(signed=TYPE), **PNG),
    shape("Java v2 with a length", f"{JAVA_SOURCE}; a URL of 2025", JAVA.format(signed=LENGTH)),
    shape(
        "Java v2 with a checksum algorithm",
        "awspring/spring-cloud-aws#1078",
        JAVA.format(signed="host%3Bx-amz-sdk-checksum-algorithm"),
        x_amz_sdk_checksum_algorithm="SHA256",
    ),
    shape("PHP", PHP_SOURCE, PHP),
    shape("PHP with a type, which it does not sign", PHP_SOURCE, PHP, **PNG),
    shape(".NET", NET_SOURCE, "EXPIRES ALGORITHM CREDENTIAL DATE HOST SIGNATURE"),
    shape(
        ".NET with a type",
        NET_SOURCE,
        f"EXPIRES ALGORITHM CREDENTIAL DATE X-Amz-SignedHeaders={TYPE} SIGNATURE",
        **PNG,
    ),
    shape("Rust", RUST_SOURCE, f"x-id=PutObject {PLAIN}"),
    shape("Rust with a body", RUST_SOURCE, "x-id=PutObject " + SIGNING.format(signed=BODY), **PNG),
    shape("Ruby", RUBY_SOURCE, PLAIN),
    shape(
        "Ruby with a checksum",
        "aws/aws-sdk-ruby#3217",
        f"x-amz-sdk-checksum-algorithm=SHA256 x-amz-checksum-sha256={SHA256} {PLAIN}",
    ),
    shape("C++", CPP_SOURCE, CPP),
    shape("boto3", "boto3 1.44.8, generate_presigned_url", PLAIN),
    shape("boto3 with a type", "boto3 1.44.8, ContentType=", SIGNING.format(signed=TYPE), **PNG),
    shape("boto3 with a length", "boto3 1.44.8, ContentLength=", SIGNING.format(signed=LENGTH)),
    shape(
        "boto3 with a checksum",
        "boto3 1.44.8, ChecksumSHA256=",
        SIGNING.format(signed="host%3Bx-amz-checksum-sha256"),
        x_amz_checksum_sha256=FOX_CHECKSUMS["sha256"],
    ),
    shape(
        "boto3 with a condition",
        "boto3 1.44.8, IfNoneMatch='*'",
        SIGNING.format(signed="host%3Bif-none-match"),
        If_None_Match="*",
    ),
    shape(
        "boto3 with an MD5",
        "boto3 1.44.8, ContentMD5=",
        SIGNING.format(signed="content-md5%3Bhost"),
        Content_MD5="nhB9nTcrtoJr2B01QqQZ1g==",
    ),
    shape("minio-go", MINIO_GO_SOURCE, PLAIN),
    shape("minio-js", MINIO_JS_SOURCE, PLAIN, **PNG),
    shape("minio-py", "minio-py 7.2.20, presigned_put_object", PLAIN),
    shape("aws4fetch", AWS4FETCH_SOURCE, AWS4FETCH.format(signed="host"), **PNG),
    shape(
        "aws4fetch in an earlier version",
        f"{AWS4FETCH_SOURCE}; at 02184cf the payload's hash is a signed field",
        AWS4FETCH.format(signed="host%3Bx-amz-content-sha256"),
        x_amz_content_sha256="UNSIGNED-PAYLOAD",
        **PNG,
    ),
    shape("object_store and reqsign", RUST_CORES_SOURCE, PLAIN),
    shape("JS v2 with a type", "aws/aws-sdk-js, lib/signers/presign.js", f"Content-Type=image%2Fpng {PLAIN}", **PNG),
]

# URLs that ask for what the service does not have, with the method and the parameter that the answer names.
REFUSED = [
    (
        shape("JS v3 with an ACL", f"{JS_SOURCE}; a URL of 2025", f"{JS} HOST x-amz-acl=public-read {NO_BODY}"),
        "PUT",
        "x-amz-acl",
    ),
    (shape("JS v3 with tags", JS_SOURCE, f"{JS} HOST x-amz-tagging=a%3Db x-id=PutObject"), "PUT", "x-amz-tagging"),
    (
        shape("JS v3 of a part", JS_SOURCE, f"{JS} HOST partNumber=1 uploadId=VD1RQ2b_awg7 x-id=UploadPart"),
        "PUT",
        "partNumber",
    ),
    (
        shape("Rust of a part", RUST_SOURCE, f"x-id=UploadPart partNumber=0 uploadId=upload-id {PLAIN}"),
        "PUT",
        "partNumber",
    ),
    (shape("boto3 of a version", "boto3 1.44.8, VersionId=", f"versionId=3 {PLAIN}"), "GET", "versionId"),
]
