"""URLs from boto3, minio-py and `aws s3 presign`, used by ordinary HTTP clients.

Their PUT URLs sign the host and nothing else: the file's row holds type and length instead.
"""

import datetime
import hashlib
import os

import foreign_signers
import pytest
from cloakroom import element, error_code, http
from foreign_signers import GET, PUT, boto3_client, signed
from http_clients import CLIENTS, UNTYPED

DATA = os.urandom(200_000)
TYPE = "image/png"


@pytest.fixture
def ticket(client):
    return client.mint(len(DATA))


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(DATA, "holiday photo.png")


def record(client, ticket):
    return client.get(f"/v1/files/{ticket['file_id']}").json()


def is_sealed(client, ticket):
    found = record(client, ticket)
    return (found["status"], found["content_type"], found["sha256"]) == (
        "ready",
        TYPE,
        hashlib.sha256(DATA).hexdigest(),
    )


@pytest.mark.parametrize("name", PUT)
def test_the_url_signs_the_host_only(server, ticket, name):
    """What the other tests rely on."""
    assert "X-Amz-SignedHeaders=host&" in signed(PUT, name, server, ticket["file_id"])


@pytest.mark.parametrize("client_name", UNTYPED)
@pytest.mark.parametrize("name", PUT)
def test_an_upload_without_a_type_is_taken_as_declared(server, client, ticket, name, client_name):
    answer = CLIENTS[client_name]("PUT", signed(PUT, name, server, ticket["file_id"]), DATA)
    assert (answer.status, answer.body) == (200, b""), answer.text
    assert is_sealed(client, ticket)


@pytest.mark.parametrize("client_name", CLIENTS)
@pytest.mark.parametrize("name", PUT)
def test_an_upload_with_the_declared_type_is_accepted(server, client, ticket, name, client_name):
    url = signed(PUT, name, server, ticket["file_id"])
    answer = CLIENTS[client_name]("PUT", url, DATA, {"Content-Type": TYPE})
    assert (answer.status, answer.body) == (200, b""), answer.text
    assert is_sealed(client, ticket)


@pytest.mark.parametrize("sent", ["IMAGE/PNG", "image/png; charset=utf-8"])
def test_the_declared_type_in_another_form_is_accepted(server, client, ticket, sent):
    response = http("PUT", signed(PUT, "boto3", server, ticket["file_id"]), data=DATA, headers={"Content-Type": sent})
    assert response.status_code == 200, response.text
    assert is_sealed(client, ticket)


@pytest.mark.parametrize("sent", ["image/jpeg", "application/octet-stream", "image/png; version=2"])
@pytest.mark.parametrize("name", PUT)
def test_another_type_is_refused_by_name(server, client, ticket, name, sent):
    url = signed(PUT, name, server, ticket["file_id"])
    response = http("PUT", url, data=DATA, headers={"Content-Type": sent})
    assert (response.status_code, error_code(response)) == (400, "ContentTypeMismatch")
    assert (element(response, "Expected"), element(response, "Received")) == (TYPE, sent)
    assert record(client, ticket)["status"] == "pending"
    assert http("PUT", url, data=DATA).status_code == 200


@pytest.mark.parametrize("client_name", ["urllib", "wget"])
def test_a_type_that_a_client_adds_is_named_in_the_refusal(server, ticket, client_name):
    """Both declare a body to be a form unless they are told otherwise."""
    answer = CLIENTS[client_name]("PUT", signed(PUT, "boto3", server, ticket["file_id"]), DATA)
    assert answer.status == 400
    assert "<Code>ContentTypeMismatch</Code>" in answer.text
    assert f"<Expected>{TYPE}</Expected><Received>application/x-www-form-urlencoded</Received>" in answer.text


@pytest.mark.parametrize("size", [0, 1, len(DATA) - 1, len(DATA) + 1])
@pytest.mark.parametrize("name", PUT)
def test_another_length_is_refused_by_name(server, client, ticket, name, size):
    url = signed(PUT, name, server, ticket["file_id"])
    response = http("PUT", url, data=os.urandom(size))
    assert (response.status_code, error_code(response)) == (400, "ContentLengthMismatch")
    assert (element(response, "Expected"), element(response, "Received")) == (str(len(DATA)), str(size))
    assert record(client, ticket)["status"] == "pending"


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (-1, 400), (1, 400)])
def test_a_chunked_body_is_counted(server, client, ticket, extra, status):
    data = (DATA + b"x")[: len(DATA) + extra]
    url = signed(PUT, "minio", server, ticket["file_id"])
    response = http("PUT", url, data=(data[start : start + 50_000] for start in range(0, len(data), 50_000)))
    assert response.status_code == status, response.text
    assert is_sealed(client, ticket) == (status == 200)
    assert status == 200 or error_code(response) == "ContentLengthMismatch"


def test_a_type_that_is_signed_has_to_be_sent(server, client, ticket):
    url = signed(PUT, "boto3", server, ticket["file_id"], ContentType=TYPE)
    assert "X-Amz-SignedHeaders=content-type%3Bhost&" in url
    refused = http("PUT", url, data=DATA)
    # Either way the answer says what was expected.
    assert (refused.status_code, error_code(refused)) in [(400, "ContentTypeMismatch"), (403, "SignatureDoesNotMatch")]
    assert element(refused, "Expected") == TYPE
    accepted = http("PUT", url, data=DATA, headers={"Content-Type": TYPE})
    assert accepted.status_code == 200, accepted.text
    assert is_sealed(client, ticket)


def test_a_type_that_is_signed_does_not_change_the_declaration(server, client, ticket):
    url = signed(PUT, "boto3", server, ticket["file_id"], ContentType="text/html")
    response = http("PUT", url, data=DATA, headers={"Content-Type": "text/html"})
    assert (response.status_code, error_code(response)) == (400, "ContentTypeMismatch")
    assert (element(response, "Expected"), element(response, "Received")) == (TYPE, "text/html")
    assert record(client, ticket)["status"] == "pending"


def test_a_checksum_algorithm_that_boto3_signs_is_accepted(server, client, ticket):
    url = signed(PUT, "boto3", server, ticket["file_id"], ChecksumAlgorithm="SHA256")
    response = http("PUT", url, data=DATA, headers={"x-amz-sdk-checksum-algorithm": "SHA256"})
    assert response.status_code == 200, response.text
    assert is_sealed(client, ticket)


@pytest.mark.parametrize("name", PUT)
def test_an_upload_to_no_file_is_not_found(server, name):
    url = signed(PUT, name, server, "file_01a1fa8d-56a2-7000-9ff0-f481e3338277")
    response = http("PUT", url, data=DATA)
    assert (response.status_code, error_code(response)) == (404, "NoSuchKey")


@pytest.mark.parametrize("name", PUT)
def test_a_second_upload_is_held_to_the_first(server, client, name):
    ticket = client.mint(3)
    url = signed(PUT, name, server, ticket["file_id"])
    assert http("PUT", url, data=b"abc").status_code == 200
    assert http("PUT", url, data=b"abc").status_code == 200
    response = http("PUT", url, data=b"xyz")
    assert (response.status_code, error_code(response)) == (409, "UploadAlreadyCompleted")
    assert http("GET", client.url(ticket["file_id"])).content == b"abc"


@pytest.mark.parametrize("client_name", CLIENTS)
@pytest.mark.parametrize("name", GET)
def test_a_download_has_bytes_type_and_name(server, file_id, name, client_name):
    answer = CLIENTS[client_name]("GET", signed(GET, name, server, file_id))
    assert (answer.status, answer.fields["content-type"]) == (200, TYPE), answer.text
    assert answer.body == DATA
    assert answer.fields["content-disposition"] == 'inline; filename="holiday photo.png"'
    assert answer.fields["etag"] == f'"{file_id}"'


@pytest.mark.parametrize("name", GET)
def test_the_url_serves_head_and_ranges(server, file_id, name):
    url = signed(GET, name, server, file_id)
    head = http("HEAD", url)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(DATA)))
    part = http("GET", url, headers={"Range": "bytes=-100"})
    assert (part.status_code, part.content) == (206, DATA[-100:])


def test_a_checksum_mode_that_boto3_signs_is_accepted(server, file_id):
    url = signed(GET, "boto3", server, file_id, ChecksumMode="ENABLED")
    response = http("GET", url, headers={"x-amz-checksum-mode": "ENABLED"})
    assert (response.status_code, response.content) == (200, DATA)


def test_a_url_for_one_method_does_not_serve_the_other(server, ticket, file_id):
    assert http("PUT", signed(GET, "minio", server, file_id), data=DATA).status_code == 403
    assert http("GET", signed(PUT, "minio", server, ticket["file_id"])).status_code == 403


@pytest.mark.parametrize("make", [foreign_signers.minio_put, foreign_signers.minio_get])
def test_seven_days_are_refused_by_name(server, ticket, make):
    """minio-py's default; the configured lifetime is an hour."""
    response = http("GET", make(server, ticket["file_id"], datetime.timedelta(days=7)))
    assert (response.status_code, error_code(response)) == (400, "AuthorizationQueryParametersError")
    assert "X-Amz-Expires" in element(response, "Message")


def test_a_secret_of_someone_else_signs_nothing(server, ticket):
    client = boto3_client(server)
    client._request_signer._credentials.secret_key = "another secret"
    url = client.generate_presigned_url("put_object", Params={"Bucket": "uploads", "Key": ticket["file_id"]})
    response = http("PUT", url, data=DATA)
    assert (response.status_code, error_code(response)) == (403, "SignatureDoesNotMatch")
