"""What the URLs of other signers are made of; `client_downloads.py` and `client_uploads.py` have the URLs.

Recorded from the signers' sources and from URLs that they made: the parameters in their order, case and encoding.
"""

import dataclasses

import sigv4


@dataclasses.dataclass
class Shape:
    """A URL's query as a template for `sigv4.sign`, and the fields that its client sends."""

    name: str
    source: str
    query: str
    fields: dict

    def __str__(self):
        return self.name


def shape(name, source, words, **fields):
    """A shape from the words of its query; fields are written with underscores."""
    return Shape(name, source, sigv4.query(words), {name.replace("_", "-"): value for name, value in fields.items()})


JS = "ALGORITHM X-Amz-Content-Sha256=UNSIGNED-PAYLOAD CREDENTIAL DATE EXPIRES SIGNATURE"
JS_SOURCE = "aws/aws-sdk-js-v3, packages/s3-request-presigner, getSignedUrl.ts"
GO_SOURCE = "aws/aws-sdk-go-v2, aws/signer/internal/v4/headers.go: X-Amz-* moves to the query"
JAVA = "ALGORITHM DATE X-Amz-SignedHeaders={signed} CREDENTIAL EXPIRES SIGNATURE"
JAVA_SOURCE = "aws/aws-sdk-java-v2, core/http-auth-aws, V4RequestSigner.java"
PHP = "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD ALGORITHM CREDENTIAL DATE HOST EXPIRES SIGNATURE"
PHP_SOURCE = "aws/aws-sdk-php, src/Signature/S3SignatureV4.php and SignatureV4.php"
NET_SOURCE = "aws/aws-sdk-net, S3/Custom/AmazonS3Client.Extensions.cs, and AWS4PreSignedUrlSigner"
RUST_SOURCE = "smithy-lang/smithy-rs, aws/sdk/integration-tests/s3/tests/presigning.rs"
RUBY_SOURCE = "aws/aws-sdk-ruby, gems/aws-sdk-s3, presigner.rb: x-amz-* moves to the query"
CPP = "EXPIRES DATE HOST ALGORITHM CREDENTIAL SIGNATURE"
CPP_SOURCE = "aws/aws-sdk-cpp, AWSAuthV4Signer.cpp, PresignRequest"
MINIO_GO_SOURCE = "minio/minio-go, pkg/signer/request-signature-v4.go, PreSignV4"
MINIO_JS_SOURCE = "minio/minio-js, src/signing.ts, presignSignatureV4: content-type is never signed"
AWS4FETCH = "EXPIRES DATE ALGORITHM CREDENTIAL X-Amz-SignedHeaders={signed} SIGNATURE"
AWS4FETCH_SOURCE = "mhart/aws4fetch, src/main.js, signQuery: content-type is never signed"
PLAIN = "ALGORITHM CREDENTIAL DATE EXPIRES HOST SIGNATURE"
# Of boto3, Rust and others, which sign the fields that they are told of.
SIGNING = "ALGORITHM CREDENTIAL DATE EXPIRES X-Amz-SignedHeaders={signed} SIGNATURE"
RUST_CORES_SOURCE = "obstore 0.12.1 and opendal 0.47.12 from PyPI: Rust's object_store and reqsign"
