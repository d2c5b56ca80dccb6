"""Fields that a URL does not sign: held to the file's row, let through, or refused."""

import pytest
import sigv4
from client_urls import PLAIN
from fox import COG, FOX, FOX_CHECKSUMS, FOX_SHA256
from raw import Connection, head
from wire import Answer, send

PNG = {"Content-Type": "image/png"}

NOT_LET_THROUGH = [
    "x-amz-copy-source",
    "X-Amz-Copy-Source-Range",
    "x-amz-acl",
    "x-amz-checksum",
    "x-amz-cf",
    "x-amz-cfid",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-read",
    "x-amz-meta-colour",
    "x-amz-object-lock-mode",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithms",
    "x-amz-security-token",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-amz-website-redirect-location",
]


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(FOX)


@pytest.fixture
def upload(client):
    return client.mint(len(FOX))["file_id"]


@pytest.fixture
def url(server, upload):
    """A URL that signs `host` alone."""
    return sigv4.sign(server, "PUT", f"/uploads/{upload}", sigv4.query(PLAIN))


def is_pending_and_takes_the_bytes(server, client, upload, url):
    """Whether a refusal left nothing behind, and the URL in force."""
    assert client.get(f"/v1/files/{upload}").json()["status"] == "pending"
    assert send(server, "PUT", url, PNG, FOX).status == 200
    assert client.get(f"/v1/files/{upload}").json()["sha256"] == FOX_SHA256
    return True


def head_alone(server, url, *lines):
    """The answer to a head whose body does not follow: what is checked before the body is read."""
    with Connection(server.storage_address) as connection:
        connection.send(head("PUT", url, *lines))
        return Answer(*connection.response())


@pytest.mark.parametrize("fields", [PNG, {}, {"Content-Type": "IMAGE/png"}], ids=["declared", "none", "another case"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_an_unsigned_type_that_is_the_declared_one(server, client, upload, url, fields, chunked):
    answer = send(server, "PUT", url, fields, FOX, chunked)
    assert answer.status == 200, answer.body
    file = client.get(f"/v1/files/{upload}").json()
    assert (file["sha256"], file["content_type"]) == (FOX_SHA256, "image/png")
    read = sigv4.sign(server, "GET", f"/files/{upload}", sigv4.query(PLAIN))
    answer = send(server, "GET", read)
    assert (answer.body, answer.fields["content-type"]) == (FOX, "image/png")


@pytest.mark.parametrize("received", ["text/plain", "image/jpeg", "application/x-www-form-urlencoded", "image"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_an_unsigned_type_that_is_another(server, client, upload, url, received, chunked):
    answer = send(server, "PUT", url, {"Content-Type": received}, FOX, chunked)
    assert answer.code == (400, "ContentTypeMismatch")
    assert (answer.element("Expected"), answer.element("Received")) == ("image/png", received)
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


@pytest.mark.parametrize("length", [0, 1, 42, 44, 100_000])
def test_an_unsigned_length_that_is_another(server, client, upload, url, length):
    answer = head_alone(server, url, "Content-Type: image/png", f"Content-Length: {length}")
    assert answer.code == (400, "ContentLengthMismatch")
    assert (answer.element("Expected"), answer.element("Received")) == ("43", str(length))
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


def test_an_unsigned_length_over_the_limit(server, client, upload, url):
    answer = head_alone(server, url, "Content-Type: image/png", "Content-Length: 104857601")
    assert answer.code == (413, "EntityTooLarge")
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


def test_no_length_at_all(server, client, upload, url):
    assert head_alone(server, url, "Content-Type: image/png").code == (400, "ContentLengthMismatch")
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


def test_an_unsigned_type_is_refused_before_the_client_goes_on(server, client, upload, url):
    lines = ["Content-Type: text/plain", "Content-Length: 43", "Expect: 100-continue"]
    assert head_alone(server, url, *lines).code == (400, "ContentTypeMismatch")
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


@pytest.mark.parametrize("body", [FOX[:-1], FOX + b"!", b""], ids=["shorter", "longer", "empty"])
def test_chunks_of_another_length(server, client, upload, url, body):
    with Connection(server.storage_address) as connection:
        chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        connection.send(head("PUT", url, "Transfer-Encoding: chunked") + chunk + b"0\r\n\r\n")
        assert Answer(*connection.response()).code == (400, "ContentLengthMismatch")
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


def test_an_unsigned_checksum_binds_the_body(server, client, upload, url):
    for algorithm, value in FOX_CHECKSUMS.items():
        answer = send(server, "PUT", url, {**PNG, f"x-amz-checksum-{algorithm}": value}, COG)
        assert answer.code == (400, "BadDigest"), algorithm
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


def test_a_file_that_is_gone_is_told_of_as_before(server, client, upload, url):
    assert client.delete(f"/v1/files/{upload}").status_code == 204
    for fields in (PNG, {}, {"Content-Type": "text/plain"}):
        assert send(server, "PUT", url, fields, FOX).code == (404, "NoSuchKey")


def test_what_is_sealed_with_an_unsigned_type_stays(server, client, upload, url):
    assert send(server, "PUT", url, {}, FOX).status == 200
    assert send(server, "PUT", url, {}, FOX).status == 200
    assert send(server, "PUT", url, {}, COG).code == (409, "UploadAlreadyCompleted")
    assert client.get(f"/v1/files/{upload}").json()["sha256"] == FOX_SHA256


def test_another_secret_is_told_of_before_the_type(server, client, upload):
    class Stranger:
        storage, signing_keys = server.storage, [(server.signing_keys[0][0], "another-secret", "")]

    url = sigv4.sign(Stranger, "PUT", f"/uploads/{upload}", sigv4.query(PLAIN))
    assert send(server, "PUT", url, {"Content-Type": "text/plain"}, FOX).code == (403, "SignatureDoesNotMatch")
    assert client.get(f"/v1/files/{upload}").json()["status"] == "pending"


@pytest.mark.parametrize("name", NOT_LET_THROUGH)
def test_an_unsigned_field_of_s3(server, client, file_id, upload, url, name):
    download = sigv4.sign(server, "GET", f"/files/{file_id}", sigv4.query(PLAIN))
    for answer in (
        send(server, "GET", download, {name: "v"}),
        send(server, "PUT", url, {**PNG, name: "v"}, FOX),
    ):
        assert answer.code == (403, "AccessDenied")
        assert answer.element("HeadersNotSigned") == name.lower()
    assert send(server, "HEAD", download, {name: "v"}).status == 403
    assert is_pending_and_takes_the_bytes(server, client, upload, url)


def test_every_unsigned_field_is_named(server, file_id):
    url = sigv4.sign(server, "GET", f"/files/{file_id}", sigv4.query(PLAIN))
    fields = {"x-amz-acl": "private", "X-Amz-Cf-Id": "a", "x-amz-meta-a": "b", "x-amz-checksum-crc32": "AAAAAA=="}
    answer = send(server, "GET", url, fields)
    assert answer.element("HeadersNotSigned") == "x-amz-acl, x-amz-meta-a"


@pytest.mark.parametrize("value", [FOX_SHA256, "unsigned-payload", ""])
def test_an_unsigned_payload_hash(server, client, upload, url, value):
    answer = send(server, "PUT", url, {**PNG, "x-amz-content-sha256": value}, FOX)
    assert answer.code == (403, "AccessDenied")
    assert answer.element("HeadersNotSigned") == "x-amz-content-sha256"
    assert is_pending_and_takes_the_bytes(server, client, upload, url)
