"""Presigned URLs in the forms of other signers, signed anew with the server's key, are accepted by the real server."""

import pytest
import sigv4
from client_downloads import AWS4FETCH_WITH_DISPOSITION, DOWNLOADS, HEADS, NET_WITH_RESPONSE_HEADERS
from client_uploads import REFUSED, UPLOADS
from client_urls import PLAIN
from fox import FOX, FOX_SHA256
from wire import send


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(FOX)


def test_the_signer_computes_the_signature_of_the_documentation():
    text = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    )
    request = sigv4.canonical_request("GET", "/test.txt", text, {"Host": "examplebucket.s3.amazonaws.com"})
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    computed = sigv4.signature(secret, "20130524T000000Z", "us-east-1", request)
    assert computed == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


@pytest.mark.parametrize("shape", DOWNLOADS, ids=str)
def test_a_download_url_serves_get_and_head(server, file_id, shape):
    url = sigv4.sign(server, "GET", f"/files/{file_id}", shape.query, shape.fields)
    answer = send(server, "GET", url, shape.fields)
    expected = 206 if "Range" in shape.fields else 200
    assert (answer.status, answer.body) == (expected, FOX), answer.body
    answer = send(server, "HEAD", url, shape.fields)
    assert (answer.status, answer.fields["content-length"]) == (expected, "43")
    assert answer.fields["content-type"] == "image/png"


@pytest.mark.parametrize("shape", HEADS, ids=str)
def test_a_url_of_head_serves_head_alone(server, file_id, shape):
    url = sigv4.sign(server, "HEAD", f"/files/{file_id}", shape.query, shape.fields)
    answer = send(server, "HEAD", url, shape.fields)
    assert (answer.status, answer.fields["content-length"]) == (200, "43")
    assert send(server, "GET", url, shape.fields).code == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("shape", UPLOADS, ids=str)
def test_an_upload_url_takes_the_bytes(server, client, shape):
    file_id = client.mint(len(FOX))["file_id"]
    fields = {**shape.fields, "Content-Length": str(len(FOX))}
    url = sigv4.sign(server, "PUT", f"/uploads/{file_id}", shape.query, fields)
    answer = send(server, "PUT", url, shape.fields, FOX)
    assert answer.status == 200, answer.body
    assert answer.fields["x-amz-checksum-sha256"] == "16j7swfXgJRpypq8sAguT41WUeRtPNt2LQLQvzfJ5ZI="
    file = client.get(f"/v1/files/{file_id}").json()
    assert (file["status"], file["sha256"], file["content_type"]) == ("ready", FOX_SHA256, "image/png")


@pytest.mark.parametrize(("shape", "method", "name"), REFUSED, ids=str)
def test_a_url_that_asks_for_what_there_is_not(server, client, file_id, shape, method, name):
    path = f"/files/{file_id}" if method == "GET" else f"/uploads/{client.mint(len(FOX))['file_id']}"
    url = sigv4.sign(server, method, path, shape.query)
    answer = send(server, method, url, {}, FOX if method == "PUT" else None)
    assert answer.code == (400, "InvalidArgument")
    assert name in answer.element("Message")


def test_signature_version_2_is_named(server, file_id):
    # s3cmd 2.4.0, S3/Crypto.py: signurl knows no other version.
    query = "AWSAccessKeyId=CLKAAAAAAAAAAAAAAAAA&Expires=2000000000&Signature=NGFMtsgZ%2F1kGyn43bx%2Bd66aQbTE%3D"
    answer = send(server, "GET", f"{server.storage}/files/{file_id}?{query}")
    assert answer.code == (400, "InvalidRequest")


def test_response_headers_of_net_are_answered(server, file_id):
    url = sigv4.sign(server, "GET", f"/files/{file_id}", NET_WITH_RESPONSE_HEADERS.query)
    answer = send(server, "GET", url)
    assert answer.fields["content-language"] == "de"
    assert answer.fields["expires"] == "Thu, 01 Dec 2033 16:00:00 GMT"
    assert answer.fields["cache-control"] == "no-cache"
    assert answer.fields["content-disposition"] == "attachment; filename=a.png"


def test_a_space_written_as_a_plus_sign_is_a_space(server, file_id):
    url = sigv4.sign(server, "GET", f"/files/{file_id}", AWS4FETCH_WITH_DISPOSITION.query)
    answer = send(server, "GET", url)
    assert answer.fields["content-disposition"] == 'attachment; filename="~a *.png"'


# CloudFront adds these on the way; the first cannot be turned off (pypi/infra#219).
CLOUDFRONT = {
    "X-Amz-Cf-Id": "cDehVQoZnx43VYQb9j2-nvCh-9z396Uhbp027Y2JvkCPNLmGJHqlaA==",
    "X-Amz-Cf-Pop": "TPE51-C1",
    "Via": "2.0 7c49a9b1de541df168365abd214691ff.cloudfront.net (CloudFront)",
    "X-Forwarded-For": "203.0.113.7",
    "CloudFront-Viewer-Country": "DE",
    "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678",
}


def test_what_cloudfront_adds_need_not_be_signed(server, client, file_id):
    url = sigv4.sign(server, "GET", f"/files/{file_id}", sigv4.query(PLAIN))
    for method in ("GET", "HEAD"):
        assert send(server, method, url, CLOUDFRONT).status == 200
    assert send(server, "GET", client.url(file_id), CLOUDFRONT).body == FOX
    ticket = client.mint(len(FOX))
    answer = send(server, "PUT", ticket["upload_url"], {**CLOUDFRONT, "Content-Type": "image/png"}, FOX)
    assert answer.status == 200, answer.body


# What the middleware of AWS's SDKs adds to the requests of their own clients, with a URL that they were given.
SDK_FIELDS = {
    "amz-sdk-invocation-id": "b1a1e9cc-4a07-4d06-a4c3-5ba1c2b0e5a1",
    "amz-sdk-request": "attempt=1; max=3",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-sdk-checksum-algorithm": "CRC32",
    "x-amz-checksum-crc32": "QU+jOQ==",
}


def test_what_sdks_add_to_a_request_need_not_be_signed(server, client, file_id):
    assert send(server, "GET", client.url(file_id), SDK_FIELDS).body == FOX
    ticket = client.mint(len(FOX))
    answer = send(server, "PUT", ticket["upload_url"], {**SDK_FIELDS, "Content-Type": "image/png"}, FOX)
    assert answer.status == 200, answer.body
