"""PUT on the storage origin: the contract's table."""

import base64
import hashlib
import os
import socket
import threading
import zlib

import pytest
from cloakroom import element, error_code, http, put
from raw import Connection, head

DATA = os.urandom(300_000)


@pytest.fixture
def ticket(client):
    return client.mint(len(DATA))


def is_pending(client, ticket):
    return client.get(f"/v1/files/{ticket['file_id']}").json()["status"] == "pending"


def base64_digest(name, data=DATA):
    return base64.b64encode(hashlib.new(name, data).digest()).decode()


def test_success_says_what_was_stored(client, ticket):
    response = put(ticket["upload_url"], DATA)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["ETag"] == f'"{ticket["file_id"]}"'
    assert response.headers["x-amz-checksum-sha256"] == base64_digest("sha256")
    record = client.get(f"/v1/files/{ticket['file_id']}").json()
    assert (record["status"], record["sha256"]) == ("ready", hashlib.sha256(DATA).hexdigest())


@pytest.mark.parametrize("content_type", ["image/png", "IMAGE/PNG", "image/png; charset=utf-8", "Image/Png ;charset=x"])
def test_equivalent_types_are_accepted(client, ticket, content_type):
    assert put(ticket["upload_url"], DATA, content_type).status_code == 200


@pytest.mark.parametrize("content_type", ["image/jpeg", "text/html", "image/png; version=2", "nonsense"])
def test_another_type_is_refused_by_name(client, ticket, content_type):
    response = put(ticket["upload_url"], DATA, content_type)
    assert (response.status_code, error_code(response)) == (400, "ContentTypeMismatch")
    assert (element(response, "Expected"), element(response, "Received")) == ("image/png", content_type)
    assert is_pending(client, ticket)


@pytest.mark.parametrize("size", [0, 1, len(DATA) - 1, len(DATA) + 1])
def test_another_length_is_refused_by_name(client, ticket, size):
    response = put(ticket["upload_url"], os.urandom(size))
    assert (response.status_code, error_code(response)) == (400, "ContentLengthMismatch")
    assert (element(response, "Expected"), element(response, "Received")) == (str(len(DATA)), str(size))
    assert is_pending(client, ticket)


def test_a_body_over_the_limit_is_refused_unread(server, ticket):
    with Connection(server.storage_address) as connection:
        connection.send(head("PUT", ticket["upload_url"], "Content-Type: image/png", "Content-Length: 104857601"))
        status, fields, body = connection.response()
        assert (status, b"<Code>EntityTooLarge</Code>" in body) == (413, True)
        assert fields["connection"] == "close"
        assert connection.is_closed()


def chunks(data, size):
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1_000, 65_536, 300_000])
def test_chunked_bodies_are_counted(client, ticket, size):
    assert http(
        "PUT", ticket["upload_url"], data=chunks(DATA, size), headers={"Content-Type": "image/png"}
    ).status_code == 200
    assert http("GET", client.url(ticket["file_id"])).content == DATA


@pytest.mark.parametrize("extra", [-1, 1, 100_000])
def test_chunked_bodies_of_another_length_are_refused(client, ticket, extra):
    data = (DATA + os.urandom(100_000))[: len(DATA) + extra]
    response = http("PUT", ticket["upload_url"], data=chunks(data, 10_000), headers={"Content-Type": "image/png"})
    assert (response.status_code, error_code(response)) == (400, "ContentLengthMismatch")
    assert is_pending(client, ticket)


def test_a_client_that_goes_away_leaves_nothing_and_can_try_again(server, client, ticket):
    with Connection(server.storage_address) as connection:
        fields = ["Content-Type: image/png", f"Content-Length: {len(DATA)}"]
        connection.send(head("PUT", ticket["upload_url"], *fields) + DATA[:200_000])
        connection.socket.shutdown(socket.SHUT_WR)
        status, _, body = connection.response()
        assert (status, b"<Code>IncompleteBody</Code>" in body) == (400, True), body
    assert is_pending(client, ticket)
    with Connection(server.storage_address) as connection:
        connection.send(head("PUT", ticket["upload_url"], *fields) + DATA[:100_000])
    assert put(ticket["upload_url"], DATA).status_code == 200


CHECKSUMS = {
    "Content-MD5": base64_digest("md5"),
    "x-amz-checksum-sha1": base64_digest("sha1"),
    "x-amz-checksum-sha256": base64_digest("sha256"),
    "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode(),
    "Content-Digest": f"sha-256=:{base64_digest('sha256')}:, sha-512=:{base64_digest('sha512')}:, unknown=:AA==:",
}


@pytest.mark.parametrize("name", CHECKSUMS)
def test_announced_checksums_hold_the_body(client, ticket, name):
    wrong = os.urandom(len(DATA))
    response = put(ticket["upload_url"], wrong, **{name: CHECKSUMS[name]})
    assert (response.status_code, error_code(response)) == (400, "BadDigest"), response.text
    assert element(response, "Field") == name.lower()
    assert is_pending(client, ticket)
    assert put(ticket["upload_url"], DATA, **{name: CHECKSUMS[name]}).status_code == 200


@pytest.mark.parametrize("name", CHECKSUMS)
def test_malformed_checksums_are_refused(client, ticket, name):
    value = "sha-256=abc" if name == "Content-Digest" else "abc"
    response = put(ticket["upload_url"], DATA, **{name: value})
    assert (response.status_code, error_code(response)) == (400, "InvalidDigest")


def test_the_declared_digest_holds_the_body(client):
    ticket = client.mint(len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
    response = put(ticket["upload_url"], os.urandom(len(DATA)))
    assert (response.status_code, error_code(response)) == (400, "BadDigest")
    assert put(ticket["upload_url"], DATA).status_code == 200


def test_repeated_uploads(client, ticket):
    assert put(ticket["upload_url"], DATA, If_None_Match="*").status_code == 200
    assert put(ticket["upload_url"], DATA).status_code == 200
    other = put(ticket["upload_url"], os.urandom(len(DATA)))
    assert (other.status_code, error_code(other)) == (409, "UploadAlreadyCompleted")
    conditional = put(ticket["upload_url"], DATA, If_None_Match="*")
    assert (conditional.status_code, error_code(conditional)) == (412, "PreconditionFailed")
    assert http("GET", client.url(ticket["file_id"])).content == DATA


def test_concurrent_uploads_of_different_bytes_have_one_winner(client, ticket):
    bodies = [os.urandom(len(DATA)) for _ in range(8)]
    results = [None] * len(bodies)

    def send(index):
        results[index] = put(ticket["upload_url"], bodies[index]).status_code

    threads = [threading.Thread(target=send, args=(index,)) for index in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [200] + [409] * 7
    assert http("GET", client.url(ticket["file_id"])).content == bodies[results.index(200)]


def test_a_deleted_file_takes_no_upload(client, ticket):
    assert client.delete(f"/v1/files/{ticket['file_id']}").status_code == 204
    response = put(ticket["upload_url"], DATA)
    assert (response.status_code, error_code(response)) == (404, "NoSuchKey")


def test_a_file_deleted_while_it_is_uploaded_stays_deleted(server, client, ticket):
    with Connection(server.storage_address) as connection:
        fields = ["Content-Type: image/png", f"Content-Length: {len(DATA)}"]
        connection.send(head("PUT", ticket["upload_url"], *fields) + DATA[:-1])
        assert client.delete(f"/v1/files/{ticket['file_id']}").status_code == 204
        connection.send(DATA[-1:])
        status, _, body = connection.response()
    assert (status, b"<Code>NoSuchKey</Code>" in body) == (404, True)
    assert not list(server.data_dir.glob(f"blobs/*/{ticket['file_id'].removeprefix('file_')}"))


def test_100_continue_comes_after_the_checks(server, client, ticket):
    fields = ["Content-Type: image/png", f"Content-Length: {len(DATA)}", "Expect: 100-continue"]
    with Connection(server.storage_address) as connection:
        connection.send(head("PUT", ticket["upload_url"], *fields))
        assert connection.response()[0] == 100
        connection.send(DATA)
        assert connection.response()[0] == 200
    with Connection(server.storage_address) as connection:
        connection.send(head("PUT", ticket["upload_url"], "Content-Type: image/jpeg", *fields[1:]))
        status, sent, _ = connection.response()
        assert (status, sent["connection"]) == (400, "close")
        assert connection.is_closed()


def test_curl_hears_100_continue(tmp_path, client):
    import subprocess

    data = os.urandom(3_000_000)
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    ticket = client.mint(len(data))
    line = ["curl", "-sS", "-X", "PUT", ticket["upload_url"], "-H", "Content-Type: image/png", "-H", "Expect: 100-continue"]
    result = subprocess.run(
        [*line, "--data-binary", f"@{path}", "-v", "-w", "%{http_code}"], capture_output=True, text=True, timeout=30
    )
    assert result.stdout == "200", result
    assert "< HTTP/1.1 100 Continue" in result.stderr


def test_pipelined_requests_are_answered_in_order(server, client):
    tickets = [client.mint(3) for _ in range(3)]
    fields = ["Content-Type: image/png", "Content-Length: 3"]
    with Connection(server.storage_address) as connection:
        connection.send(b"".join(head("PUT", ticket["upload_url"], *fields) + b"abc" for ticket in tickets))
        tags = [connection.response()[1]["etag"] for _ in tickets]
    assert tags == [f'"{ticket["file_id"]}"' for ticket in tickets]


def test_requests_reuse_a_connection(client):
    import requests

    with requests.Session() as session:
        for size in (1, 10, 100_000, 0):
            if size == 0:
                continue
            ticket = client.mint(size)
            data = os.urandom(size)
            assert session.put(ticket["upload_url"], data=data, headers={"Content-Type": "image/png"}).status_code == 200
            assert session.get(client.url(ticket["file_id"])).content == data
