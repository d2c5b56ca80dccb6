"""botocore signs, the server verifies; the server signs, botocore computes the same."""

import hashlib
import os

import pytest
from cloakroom import http, put
from signing import presign, recomputed_signature, s3

DATA = os.urandom(100_000)


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(DATA, "a b.png")


def test_boto3_get_is_accepted(server, file_id):
    url = s3(server).generate_presigned_url("get_object", Params={"Bucket": "files", "Key": file_id})
    response = http("GET", url)
    assert response.status_code == 200, response.text
    assert response.content == DATA
    assert response.headers["Content-Type"] == "image/png"


def test_boto3_head_is_accepted(server, file_id):
    url = s3(server).generate_presigned_url("head_object", Params={"Bucket": "files", "Key": file_id})
    response = http("HEAD", url)
    assert response.status_code == 200
    assert response.headers["Content-Length"] == str(len(DATA))


def test_boto3_get_with_response_overrides_is_accepted(server, file_id):
    url = s3(server).generate_presigned_url(
        "get_object",
        Params={
            "Bucket": "files",
            "Key": file_id,
            "ResponseContentType": "application/octet-stream",
            "ResponseContentDisposition": 'attachment; filename="ü +&=.png"',
            "ResponseCacheControl": "no-cache",
        },
    )
    response = http("GET", url)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")


def test_boto3_put_is_accepted(server, client):
    ticket = client.mint(len(DATA))
    url = s3(server).generate_presigned_url(
        "put_object", Params={"Bucket": "uploads", "Key": ticket["file_id"], "ContentType": "image/png"}
    )
    response = put(url, DATA)
    assert response.status_code == 200, response.text
    assert client.get(f"/v1/files/{ticket['file_id']}").json()["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_boto3_put_with_signed_headers_is_accepted(server, client):
    ticket = client.mint(len(DATA))
    url = s3(server).generate_presigned_url(
        "put_object",
        Params={
            "Bucket": "uploads",
            "Key": ticket["file_id"],
            "ContentType": "image/png",
            "ContentLength": len(DATA),
            "Metadata": {"colour": "two   spaces"},
        },
    )
    response = put(url, DATA, x_amz_meta_colour="two   spaces")
    assert response.status_code == 200, response.text


def test_a_signed_payload_hash_holds_the_body(server, client):
    ticket = client.mint(len(DATA))
    headers = {"Content-Type": "image/png", "x-amz-content-sha256": hashlib.sha256(DATA).hexdigest()}
    # botocore signs the header, and UNSIGNED-PAYLOAD; S3 takes the header's value where it is signed.
    import botocore.auth

    original = botocore.auth.S3SigV4QueryAuth.payload
    botocore.auth.S3SigV4QueryAuth.payload = lambda self, request: headers["x-amz-content-sha256"]
    try:
        url = presign(server, "PUT", f"/uploads/{ticket['file_id']}", headers=headers)
    finally:
        botocore.auth.S3SigV4QueryAuth.payload = original
    wrong = http("PUT", url, data=os.urandom(len(DATA)), headers=headers)
    assert wrong.status_code == 400 and "<Code>XAmzContentSHA256Mismatch</Code>" in wrong.text
    assert http("PUT", url, data=DATA, headers=headers).status_code == 200


def test_botocore_computes_the_signature_of_our_get_url(server, client, file_id):
    url = client.url(file_id)
    assert url.endswith("X-Amz-Signature=" + recomputed_signature(server, "GET", url, {}))


@pytest.mark.parametrize(
    "filename", ["plain.png", "sp ace+plus.png", "ünïcödé ☃.png", "quote\"per%cent.png", "a&b=c;d.png", "~tilde_.png"]
)
def test_botocore_computes_the_signature_whatever_the_name(server, client, filename):
    url = client.url(client.upload(b"x", filename))
    assert url.endswith("X-Amz-Signature=" + recomputed_signature(server, "GET", url, {}))
    assert http("GET", url).content == b"x"


def test_botocore_computes_the_signature_of_our_put_url(server, client):
    ticket = client.mint(len(DATA))
    headers = {"Content-Length": str(len(DATA)), "Content-Type": "image/png"}
    url = ticket["upload_url"]
    assert url.endswith("X-Amz-Signature=" + recomputed_signature(server, "PUT", url, headers))


def test_a_url_signed_by_a_rotated_key_still_works_and_by_a_retired_one_not(server):
    import time

    from cloakroom import Server, command, error_code

    with Server() as own:
        client = own.client()
        url = client.url(client.upload(b"bytes"))
        old = own.signing_keys[0]
        new_id = command("signing-keys", "rotate", data_dir=own.data_dir).stdout.strip()
        own.read_signing_keys()
        deadline = time.monotonic() + 5
        while f"{new_id}%2F" not in client.url(client.upload(b"bytes")):
            assert time.monotonic() < deadline, "the new key is not used"
        assert http("GET", url).status_code == 200
        command("signing-keys", "retire", old[0], data_dir=own.data_dir)
        while (response := http("GET", url)).status_code == 200:
            assert time.monotonic() < deadline, "the retired key still verifies"
        assert response.status_code == 403 and error_code(response) == "InvalidAccessKeyId"
        refused = command("signing-keys", "retire", new_id, data_dir=own.data_dir, check=False)
        assert refused.returncode == 1 and "only signing key" in refused.stderr


def test_plus_and_percent_encodings_of_a_query_are_equal(server, client, file_id):
    url = client.url(file_id)
    assert "%20" in url
    assert http("GET", url.replace("%20", "+")).status_code == 200
    from raw import exchange, head

    lower = url.replace("%2F", "%2f").replace("%3B", "%3b")
    assert exchange(server.storage_address, head("GET", lower))[0] == 200
    slashes = url.replace("%2F", "/")
    assert exchange(server.storage_address, head("GET", slashes))[0] == 200
