"""The verifier's table from row 16 on: what is signed otherwise, or means nothing here."""

import datetime
import re
import urllib.parse

import pytest
from cloakroom import Server, element, http, put
from raw import exchange, head
from signing import presign
from tampering import DATA, file_id, refused, replaced, ticket, url


# Row 16
def test_another_file(server, client, url, file_id):
    other = client.upload(b"other")
    refused(http("GET", url.replace(file_id, other)), 403, "SignatureDoesNotMatch")


def test_another_method(url, ticket):
    refused(http("DELETE", url), 403, "SignatureDoesNotMatch")
    response = http("GET", ticket["upload_url"], headers={"Content-Type": "image/png", "Content-Length": str(len(DATA))})
    refused(response, 403, "SignatureDoesNotMatch")
    assert (element(response, "Mismatch"), element(response, "Expected")) == ("method", "PUT")


def test_a_head_url_does_not_serve_get(server, file_id):
    url = presign(server, "HEAD", f"/files/{file_id}")
    assert http("HEAD", url).status_code == 200
    response = http("GET", url)
    refused(response, 403, "SignatureDoesNotMatch")
    assert element(response, "Mismatch") == "method"
    assert (element(response, "Expected"), element(response, "Received")) == ("HEAD", "GET")


def test_a_get_url_serves_head(url):
    assert http("HEAD", url).status_code == 200


def test_another_signature_or_secret(server, url, file_id):
    refused(http("GET", replaced(url, "X-Amz-Signature", "0" * 64)), 403, "SignatureDoesNotMatch")
    signature = re.search(r"X-Amz-Signature=(\w+)", url)[1]
    refused(http("GET", replaced(url, "X-Amz-Signature", signature.upper())), 403, "SignatureDoesNotMatch")
    refused(http("GET", replaced(url, "X-Amz-Signature", signature[:-1])), 403, "SignatureDoesNotMatch")
    key = (server.signing_keys[0][0], "another secret".replace(" ", "-"), "")
    refused(http("GET", presign(server, "GET", f"/files/{file_id}", key=key)), 403, "SignatureDoesNotMatch")


def test_another_response_header(url):
    changed = url.replace("response-content-type=image%2Fpng", "response-content-type=text%2Fhtml")
    refused(http("GET", changed), 403, "SignatureDoesNotMatch")
    refused(http("GET", url + "&response-cache-control=public"), 403, "SignatureDoesNotMatch")


def test_another_date_or_lifetime(url):
    date = re.search(r"X-Amz-Date=(\d{8}T\d{6})Z", url)[1]
    later = datetime.datetime.strptime(date, "%Y%m%dT%H%M%S") + datetime.timedelta(seconds=1)
    if later.strftime("%Y%m%d") == date[:8]:
        refused(
            http("GET", replaced(url, "X-Amz-Date", later.strftime("%Y%m%dT%H%M%SZ"))), 403, "SignatureDoesNotMatch"
        )
    refused(http("GET", replaced(url, "X-Amz-Expires", "3599")), 403, "SignatureDoesNotMatch")


def test_signed_for_another_host(server, file_id):
    host, port = server.storage_address
    url = presign(server, "GET", f"/files/{file_id}", host=f"localhost:{port}").replace("localhost", host)
    response = http("GET", url, headers={"Host": f"localhost:{port}"})
    refused(response, 403, "SignatureDoesNotMatch")
    assert element(response, "Mismatch") == "host"
    assert element(response, "Expected") == f"{host}:{port}"


def test_the_host_field_of_a_proxy_does_not_matter(url):
    assert http("GET", url, headers={"Host": "internal.example:9000"}).status_code == 200


def test_a_signed_header_that_did_not_arrive(server, client, ticket):
    headers = {"Content-Type": "image/png", "x-amz-meta-a": "b"}
    url = presign(server, "PUT", f"/uploads/{ticket['file_id']}", headers=headers)
    refused(put(url, DATA), 403, "SignatureDoesNotMatch")


def test_the_answer_holds_neither_secret_nor_expected_signature(server, url):
    response = http("GET", replaced(url, "X-Amz-Expires", "3599"))
    assert server.signing_keys[0][1] not in response.text
    assert not re.search(r"[0-9a-f]{64}", response.text)
    assert "aws4_request" not in response.text


# Row 17
def test_streaming_payload(server, ticket):
    import botocore.auth

    value = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    headers = {"Content-Type": "image/png", "x-amz-content-sha256": value}
    original = botocore.auth.S3SigV4QueryAuth.payload
    botocore.auth.S3SigV4QueryAuth.payload = lambda self, request: value
    try:
        url = presign(server, "PUT", f"/uploads/{ticket['file_id']}", headers=headers)
    finally:
        botocore.auth.S3SigV4QueryAuth.payload = original
    refused(http("PUT", url, data=DATA, headers=headers), 501, "NotImplemented")


def test_aws_chunked(ticket):
    refused(put(ticket["upload_url"], DATA, Content_Encoding="aws-chunked"), 501, "NotImplemented")


# Row 18
@pytest.mark.parametrize("name", ["versionId", "uploadId", "acl", "response-content-encoding", "x-amz-acl"])
def test_a_signed_parameter_that_means_nothing(server, file_id, name):
    response = http("GET", presign(server, "GET", f"/files/{file_id}", params={name: "1"}))
    refused(response, 400, "InvalidArgument", message=name)


def test_x_id_is_allowed(server, file_id):
    assert http("GET", presign(server, "GET", f"/files/{file_id}", params={"x-id": "GetObject"})).status_code == 200


def test_a_line_break_in_a_response_header(server, file_id):
    params = {"response-content-disposition": "attachment\r\nSet-Cookie: a=b"}
    response = http("GET", presign(server, "GET", f"/files/{file_id}", params=params))
    refused(response, 400, "InvalidArgument", message="response-content-disposition")


# Paths
@pytest.mark.parametrize(
    "path",
    [
        "/files/",
        "/files/file_x",
        "/files/../signing-keys",
        "/files/%2e%2e%2fsigning-keys",
        "/files/file_00000000-0000-0000-0000-00000000000%2F",
        "/files/FILE_00000000-0000-0000-0000-000000000000",
        "/files/file_00000000-0000-0000-0000-00000000000A",
        "/files//file_00000000-0000-0000-0000-000000000000",
        "/other/file_00000000-0000-0000-0000-000000000000",
        "/files/file_00000000-0000-0000-0000-000000000000/more",
        "/files/file_00000000-0000-0000-0000-000000000000",
    ],
)
def test_a_signed_path_that_names_no_file(server, path):
    # botocore signs a path as it stands; S3, and we, decode it once first.
    url = presign(server, "GET", urllib.parse.unquote(path)).replace(urllib.parse.unquote(path), path)
    status, fields, body = exchange(server.storage_address, head("GET", url))
    assert (status, b"<Code>NoSuchKey</Code>" in body) == (404, True), body


def test_a_signed_method_that_a_path_does_not_have(server, file_id):
    response = http("DELETE", presign(server, "DELETE", f"/files/{file_id}"))
    refused(response, 405, "MethodNotAllowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_json_errors_where_the_client_accepts_json(server, url):
    response = http("GET", url + "0", headers={"Accept": "application/json"})
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["Error"]["Code"] == "SignatureDoesNotMatch"


def test_every_configured_host_verifies_and_the_first_is_minted():
    with Server("--storage-url", "https://files.example.com,http://cdn.example.com:8000") as server:
        client = server.client()
        ticket = client.mint(1)
        assert ticket["upload_url"].startswith("https://files.example.com/uploads/")
        local = ticket["upload_url"].replace("https://files.example.com", server.storage)
        assert put(local, b"x").status_code == 200
        for host in ("files.example.com", "cdn.example.com:8000"):
            url = presign(server, "GET", f"/files/{ticket['file_id']}", host=host)
            assert http("GET", url.replace(f"http://{host}", server.storage)).status_code == 200
        parts = urllib.parse.urlsplit(presign(server, "GET", f"/files/{ticket['file_id']}"))
        response = http("GET", parts.geturl())
        refused(response, 403, "SignatureDoesNotMatch")
        assert (element(response, "Mismatch"), element(response, "Expected")) == ("host", "files.example.com")
