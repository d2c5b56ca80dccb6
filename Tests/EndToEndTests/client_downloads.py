"""URLs of GetObject and HeadObject, as other signers make them."""

from client_urls import (
    AWS4FETCH, AWS4FETCH_SOURCE, CPP, CPP_SOURCE, GO_SOURCE, JAVA, JAVA_SOURCE, JS, JS_SOURCE, MINIO_GO_SOURCE,
    MINIO_JS_SOURCE, NET_SOURCE, PHP, PHP_SOURCE, PLAIN, RUBY_SOURCE, RUST_CORES_SOURCE, RUST_SOURCE, SIGNING, shape,
)  # fmt: skip

GECKO = "Mozilla%2F5.0%20%28Linux%3B%20Android%206.0%29%20AppleWebKit%2F537.36%20%28KHTML%2C%20like%20Gecko%29"

NET_WITH_RESPONSE_HEADERS = shape(
    ".NET with response headers",
    f"{NET_SOURCE}, ResponseHeaderOverrides",
    "EXPIRES response-cache-control=no-cache response-content-disposition=attachment%3B%20filename%3Da.png "
    "response-content-language=de response-content-type=image%2Fpng "
    "response-expires=Thu%2C%2001%20Dec%202033%2016%3A00%3A00%20GMT ALGORITHM CREDENTIAL DATE HOST SIGNATURE",
)
AWS4FETCH_WITH_DISPOSITION = shape(
    "aws4fetch with a disposition",
    f"{AWS4FETCH_SOURCE}; URLSearchParams writes a space as a plus sign and escapes a tilde",
    "response-content-disposition=attachment%3B+filename%3D%22%7Ea+*.png%22 " + AWS4FETCH.format(signed="host"),
)

# Each also serves HEAD.
DOWNLOADS = [
    shape("JS v3", f"{JS_SOURCE}; without checksums, up to 3.728", f"{JS} HOST x-id=GetObject"),
    shape(
        "JS v3 with checksums",
        f"{JS_SOURCE}; from 3.729 (aws/aws-sdk-js-v3#6994), so in every URL of Notion's in 2025",
        f"{JS} HOST x-amz-checksum-mode=ENABLED x-id=GetObject",
    ),
    shape(
        "JS v3 with a disposition",
        f"{JS_SOURCE}; a URL of Notion's of 2022",
        f"{JS} HOST response-content-disposition=filename%3D%22Untitled.png%22 x-id=GetObject",
    ),
    shape(
        "JS v3 in a browser",
        f"{JS_SOURCE}; a URL of 3.624 (also minio/minio#10792)",
        f"{JS} HOST x-amz-user-agent=aws-sdk-js%2F3.624.0%20ua%2F2.0%20os%2FmacOS%2310.15.7%20lang%2Fjs%20md%2F"
        "browser%23Electron_27.3.11%20api%2Fs3%233.624.0 x-id=GetObject",
    ),
    shape(
        "JS v3 in Amplify",
        f"{JS_SOURCE}; a URL of 1.0.0-gamma.4, and one that ends in x-id=Get",
        f"{JS} HOST x-amz-user-agent=aws-sdk-js-v3-%40aws-sdk%2Fclient-s3%2F1.0.0-gamma.4%20{GECKO} x-id=Get",
    ),
    shape(
        "Go v2 with checksums",
        f"{GO_SOURCE}; URLs of 2025 and 2026 (aws/aws-sdk-go-v2#3530)",
        "ALGORITHM X-Amz-Checksum-Mode=ENABLED CREDENTIAL DATE EXPIRES HOST x-id=GetObject SIGNATURE",
    ),
    shape(
        "Go v2",
        f"{GO_SOURCE}; rclone link (rclone/rclone, backend/s3/s3.go) makes the same",
        "ALGORITHM CREDENTIAL DATE EXPIRES HOST x-id=GetObject SIGNATURE",
    ),
    shape(
        "Go v2 with a disposition",
        f"{GO_SOURCE}; url.Values.Encode writes a space as a plus sign",
        "ALGORITHM CREDENTIAL DATE EXPIRES HOST response-content-disposition=attachment%3B+filename%3D%22a+b.png%22 "
        "x-id=GetObject SIGNATURE",
    ),
    shape(
        "Go v1",
        "boto/botocore#1475, aws/aws-sdk-go#1974",
        "EXPIRES CREDENTIAL DATE ALGORITHM X-Amz-Content-Sha256=UNSIGNED-PAYLOAD HOST SIGNATURE",
    ),
    shape("Java v2", JAVA_SOURCE, JAVA.format(signed="host")),
    shape("Java v2 with a range", JAVA_SOURCE, JAVA.format(signed="host%3Brange"), Range="bytes=0-42"),
    shape(
        "Java v2 with checksums",
        f"{JAVA_SOURCE}: a field of the request is signed",
        JAVA.format(signed="host%3Bx-amz-checksum-mode"),
        x_amz_checksum_mode="ENABLED",
    ),
    shape("Java v1", "aws/aws-sdk-java, AWS4Signer.java", "ALGORITHM DATE HOST EXPIRES CREDENTIAL SIGNATURE"),
    shape("PHP", PHP_SOURCE, PHP),
    shape(
        "PHP with a disposition",
        f"{PHP_SOURCE}; the command's parameters come first",
        f"response-content-disposition=attachment%3B%20filename%3D%22a%20b.png%22 {PHP}",
    ),
    shape(
        "PHP with its user agent",
        "aws/aws-sdk-php#256 moves every x-amz-* to the query, #3310 excepts this one",
        f"X-Amz-User-Agent=aws-sdk-php%2F3.224.1%20OS%2FLinux%23x86_64%20lang%2Fphp%238.1.5 {PHP}",
    ),
    shape(".NET", NET_SOURCE, "EXPIRES ALGORITHM CREDENTIAL DATE HOST SIGNATURE"),
    NET_WITH_RESPONSE_HEADERS,
    shape("Rust", RUST_SOURCE, f"x-id=GetObject {PLAIN}"),
    shape(
        "Rust with checksums",
        f"{RUST_SOURCE}: a field of the request is signed",
        "x-id=GetObject " + SIGNING.format(signed="host%3Bx-amz-checksum-mode"),
        x_amz_checksum_mode="ENABLED",
    ),
    shape("Ruby", RUBY_SOURCE, PLAIN),
    shape("Ruby with checksums", RUBY_SOURCE, f"x-amz-checksum-mode=ENABLED {PLAIN}"),
    shape("C++", CPP_SOURCE, CPP),
    shape("boto3", "boto3 1.44.8, generate_presigned_url", PLAIN),
    shape(
        "boto3 with a condition",
        "boto3 1.44.8, generate_presigned_url(IfNoneMatch=)",
        SIGNING.format(signed="host%3Bif-none-match"),
        If_None_Match='"another"',
    ),
    shape(
        "boto3 with checksums",
        "boto3 1.44.8, generate_presigned_url(ChecksumMode=)",
        SIGNING.format(signed="host%3Bx-amz-checksum-mode"),
        x_amz_checksum_mode="ENABLED",
    ),
    shape("minio-go", MINIO_GO_SOURCE, PLAIN),
    shape(
        "minio-go with a disposition",
        f"{MINIO_GO_SOURCE}; url.Values.Encode writes a space as a plus sign",
        "ALGORITHM CREDENTIAL DATE EXPIRES HOST response-content-disposition=attachment%3B+filename%3D%22a~b+c.png%22 "
        "SIGNATURE",
    ),
    shape("minio-js", MINIO_JS_SOURCE, PLAIN),
    shape("minio-py", "minio-py 7.2.20, presigned_get_object", PLAIN),
    shape(
        "minio-py with a type",
        "minio-py 7.2.20, get_presigned_url(extra_query_params=)",
        f"response-content-type=image%2Fpng {PLAIN}",
    ),
    shape("aws4fetch", AWS4FETCH_SOURCE, AWS4FETCH.format(signed="host")),
    AWS4FETCH_WITH_DISPOSITION,
    shape(
        "aws4fetch in an earlier version",
        f"{AWS4FETCH_SOURCE}; at 02184cf the payload's hash is a signed field",
        AWS4FETCH.format(signed="host%3Bx-amz-content-sha256"),
        x_amz_content_sha256="UNSIGNED-PAYLOAD",
    ),
    shape("object_store and reqsign", RUST_CORES_SOURCE, PLAIN),
    shape(
        "a credential with slashes",
        "UnrealAkama/presigner, README.md",
        "SIGNATURE ALGORITHM X-Amz-Credential={id}/{day}/local/s3/aws4_request DATE EXPIRES HOST",
    ),
]

# These serve no GET.
HEADS = [
    shape("JS v3", JS_SOURCE, f"{JS} HOST"),
    shape("JS v3 with checksums", JS_SOURCE, f"{JS} HOST x-amz-checksum-mode=ENABLED"),
    shape("Go v2", GO_SOURCE, "ALGORITHM X-Amz-Checksum-Mode=ENABLED CREDENTIAL DATE EXPIRES HOST SIGNATURE"),
    shape("Java v2", JAVA_SOURCE, JAVA.format(signed="host")),
    shape("PHP", PHP_SOURCE, PHP),
    shape(".NET", NET_SOURCE, "EXPIRES ALGORITHM CREDENTIAL DATE HOST SIGNATURE"),
    shape("Rust", RUST_SOURCE, PLAIN),
    shape("C++", CPP_SOURCE, CPP),
    shape("boto3, minio-py, obstore", "boto3 1.44.8, minio-py 7.2.20, obstore 0.12.1", PLAIN),
]
