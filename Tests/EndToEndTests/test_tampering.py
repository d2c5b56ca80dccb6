"""One test a row of the verifier's table, named after the tampering, over a real socket."""

import datetime
import os
import re
import urllib.parse

import pytest
from cloakroom import Server, element, error_code, http, put
from raw import exchange, head
from signing import presign

DATA = os.urandom(5_000)
AQPE = "AuthorizationQueryParametersError"


def now(**shift):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**shift)


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(DATA)


@pytest.fixture
def url(client, file_id):
    return client.url(file_id)


@pytest.fixture
def ticket(client):
    return client.mint(len(DATA))


def replaced(url, name, value):
    changed, count = re.subn(rf"([?&]{name}=)[^&]*", lambda match: match[1] + value, url)
    assert count == 1
    return changed


def removed(url, name):
    changed, count = re.subn(rf"[?&]{name}=[^&]*", "", url)
    assert count == 1
    return changed if "?" in changed else changed.replace("&", "?", 1)


def refused(response, status, code, *, message=None):
    assert (response.status_code, error_code(response)) == (status, code), response.text
    assert response.headers["Content-Type"] == "application/xml"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert element(response, "RequestId") == response.headers["x-amz-request-id"]
    if message:
        assert message in element(response, "Message"), response.text


# Row 1
def test_no_parameters_at_all(server, file_id):
    refused(http("GET", f"{server.storage}/files/{file_id}"), 403, "AccessDenied")
    refused(http("PUT", f"{server.storage}/uploads/{file_id}", data=b"x"), 403, "AccessDenied")
    refused(http("DELETE", f"{server.storage}/files/{file_id}"), 403, "AccessDenied")
    refused(http("GET", f"{server.storage}/"), 403, "AccessDenied")


# Row 2
def test_authorization_header_beside_the_parameters(url):
    header = "AWS4-HMAC-SHA256 Credential=AKID/20260101/local/s3/aws4_request, SignedHeaders=host, Signature=00"
    refused(http("GET", url, headers={"Authorization": header}), 400, "InvalidArgument")


def test_another_authorization_scheme_is_ignored_and_not_echoed(client, url):
    response = http("GET", url, headers={"Authorization": f"Bearer {client.key}"})
    assert response.status_code == 200
    broken = http("GET", url + "0", headers={"Authorization": f"Bearer {client.key}"})
    assert client.key not in broken.text


# Row 3
def test_signature_version_2_parameters(server, url, file_id):
    refused(http("GET", url + "&AWSAccessKeyId=AKID&Signature=abc&Expires=1"), 400, "InvalidRequest")
    refused(
        http("GET", f"{server.storage}/files/{file_id}?AWSAccessKeyId=AKID&Signature=abc&Expires=1"),
        400,
        "InvalidRequest",
    )


# Row 4
@pytest.mark.parametrize(
    "name",
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"],
)
def test_a_parameter_removed_emptied_or_doubled(url, name):
    refused(http("GET", removed(url, name)), 400, AQPE, message=name)
    refused(http("GET", replaced(url, name, "")), 400, AQPE, message=name)
    refused(http("GET", f"{url}&{name}=x"), 400, AQPE, message=name)


def test_another_amz_parameter_doubled(url):
    refused(http("GET", f"{url}&X-Amz-Meta=1&X-Amz-Meta=2"), 400, AQPE, message="X-Amz-Meta")


def test_parameter_names_are_case_sensitive(url):
    refused(http("GET", url.replace("X-Amz-Date", "x-amz-date")), 400, AQPE, message="X-Amz-Date")


# Row 5
@pytest.mark.parametrize("algorithm", ["AWS4-HMAC-SHA1", "aws4-hmac-sha256", "AWS4-ECDSA-P256-SHA256", "none"])
def test_another_algorithm(url, algorithm):
    refused(http("GET", replaced(url, "X-Amz-Algorithm", algorithm)), 400, AQPE, message=algorithm)


# Row 6
@pytest.mark.parametrize(
    ("credential", "message"),
    [
        ("{id}", "parts"),
        ("{id}/{day}/local/s3", "parts"),
        ("{id}/{day}/local/s3/aws4_request/more", "parts"),
        ("/{day}/local/s3/aws4_request", "access key id"),
        ("{id}/today/local/s3/aws4_request", "date"),
        ("{id}/{day}/us-east-1/s3/aws4_request", "region"),
        ("{id}/{day}/local/ec2/aws4_request", "service"),
        ("{id}/{day}/local/s3/aws5_request", "last part"),
    ],
)
def test_another_credential(server, url, credential, message):
    day = re.search(r"X-Amz-Date=(\d{8})", url)[1]
    text = credential.format(id=server.signing_keys[0][0], day=day)
    refused(http("GET", replaced(url, "X-Amz-Credential", text)), 400, AQPE, message=message)


def test_signed_for_another_region(server, file_id):
    url = presign(server, "GET", f"/files/{file_id}", region="us-east-1")
    refused(http("GET", url), 400, AQPE, message='the region must be "local"; it is "us-east-1"')


def test_signed_for_another_service(server, file_id):
    refused(http("GET", presign(server, "GET", f"/files/{file_id}", service="execute-api")), 400, AQPE)


# Row 7
@pytest.mark.parametrize(
    "date",
    [
        "20260230T000000Z",
        "20261301T000000Z",
        "20260101T240000Z",
        "20260101T006000Z",
        "2026-01-01T00:00:00Z",
        "20260101T000000",
        "20260101 000000Z",
        "99990101",
        "+0260101T000000Z",
    ],
)
def test_another_form_of_date(url, date):
    refused(http("GET", replaced(url, "X-Amz-Date", date)), 400, AQPE, message="X-Amz-Date")


# Row 8
def test_scope_of_another_day(url):
    changed = re.sub(r"%2F\d{8}%2F", "%2F20200101%2F", url)
    refused(http("GET", changed), 400, AQPE, message="20200101")


# Row 9
@pytest.mark.parametrize("expires", ["3601", "604800", "999999", "1000000", "-1", "+1", "1.0", "1e3", "0x10", "%201"])
def test_another_lifetime(url, expires):
    refused(http("GET", replaced(url, "X-Amz-Expires", expires)), 400, AQPE, message="X-Amz-Expires")


# Row 10
def test_expired(server, file_id):
    response = http("GET", presign(server, "GET", f"/files/{file_id}", expires=60, at=now(seconds=-70)))
    refused(response, 403, "AccessDenied", message="Request has expired")
    assert element(response, "X-Amz-Expires") == "60"
    assert element(response, "Expires") and element(response, "ServerTime")


def test_lifetime_of_zero_is_expired_at_once(server, file_id):
    refused(http("GET", presign(server, "GET", f"/files/{file_id}", expires=0)), 403, "AccessDenied", message="expired")


def test_expired_upload(server, client, ticket):
    headers = {"Content-Type": "image/png"}
    url = presign(server, "PUT", f"/uploads/{ticket['file_id']}", headers=headers, expires=5, at=now(seconds=-10))
    refused(put(url, DATA), 403, "AccessDenied", message="expired")


# Row 11
def test_dated_ahead(server, file_id):
    url = presign(server, "GET", f"/files/{file_id}", at=now(minutes=16))
    refused(http("GET", url), 403, "AccessDenied", message="not yet valid")
    assert http("GET", presign(server, "GET", f"/files/{file_id}", at=now(minutes=14))).status_code == 200


# Row 12
def test_unknown_access_key(server, file_id):
    url = presign(server, "GET", f"/files/{file_id}", key=("AKIAIOSFODNN7EXAMPLE", "secretsecretsecret", ""))
    refused(http("GET", url), 403, "InvalidAccessKeyId")


# Row 13
def test_security_token(server, url):
    refused(http("GET", url + "&X-Amz-Security-Token=token"), 400, "InvalidToken")


# Row 14
def test_content_type_not_signed(server, ticket):
    response = put(presign(server, "PUT", f"/uploads/{ticket['file_id']}"), DATA)
    refused(response, 403, "AccessDenied")
    assert element(response, "HeadersNotSigned") == "content-type"


@pytest.mark.parametrize("names", ["Host", "host%3Bhost", "x-b%3Bhost", "content-type", "%3Bhost"])
def test_signed_headers_not_in_canonical_form(url, names):
    response = http("GET", replaced(url, "X-Amz-SignedHeaders", names))
    refused(response, 403, "AccessDenied")
    assert element(response, "HeadersNotSigned")


# Row 15
@pytest.mark.parametrize("name", ["x-amz-copy-source", "x-amz-acl", "x-amz-meta-a", "X-Amz-Tagging"])
def test_an_amz_header_that_is_not_signed(url, ticket, name):
    for response in (http("GET", url, headers={name: "v"}), put(ticket["upload_url"], DATA, **{name: "v"})):
        refused(response, 403, "AccessDenied")
        assert element(response, "HeadersNotSigned") == name.lower()


def test_unsigned_payload_and_checksum_headers_need_no_signature(ticket):
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-sdk-checksum-algorithm": "CRC32"}
    assert put(ticket["upload_url"], DATA, **headers).status_code == 200


def test_an_unsigned_payload_hash_is_refused(ticket):
    import hashlib

    response = put(ticket["upload_url"], DATA, **{"x-amz-content-sha256": hashlib.sha256(DATA).hexdigest()})
    refused(response, 403, "AccessDenied")


# Row 16
def test_another_file(server, client, url, file_id):
    other = client.upload(b"other")
    refused(http("GET", url.replace(file_id, other)), 403, "SignatureDoesNotMatch")


def test_another_method(url, ticket):
    refused(http("DELETE", url), 403, "SignatureDoesNotMatch")
    response = http("GET", ticket["upload_url"], headers={"Content-Type": "image/png", "Content-Length": str(len(DATA))})
    assert response.status_code in (400, 403)


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
        assert http("GET", parts.geturl()).status_code == 403
