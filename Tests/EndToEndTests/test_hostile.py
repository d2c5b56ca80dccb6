"""Found by reading the code with bad intentions: each of these did harm once."""

import json
import os
import socket
import time

import pytest
from cloakroom import Server, element, error_code, http
from held_connections import eventually
from raw import Connection, address_of, head, target
from test_api import fields
from test_operations import value


@pytest.mark.parametrize("last", [2**63 - 1, 2**63, 2**64])
def test_a_range_at_the_edge_of_64_bits(client, last):
    data = os.urandom(100)
    url = client.url(client.upload(data))
    assert http("GET", url, headers={"Range": f"bytes=0-{last}"}).content == data
    assert http("GET", url, headers={"Range": f"bytes={last}-"}).status_code == 416


def test_endless_pipelined_heads_cost_no_memory():
    """Every write ends in the middle of a head, so that bytes are always left over."""
    with Server() as server, Connection(server.storage_address, timeout=30) as connection:
        padding = "\r\n".join(f"a{index}: {'x' * 990}" for index in range(14))
        request = f"GET / HTTP/1.1\r\nHost: x\r\n{padding}\r\n\r\n".encode()
        before = server.resident_kilobytes()
        connection.send(request[:100])
        for _ in range(4000):
            connection.send(request[100:] + request[:100])
            connection.buffer = b""
            connection.response()
        assert server.resident_kilobytes() - before < 16 * 1024


def test_chunks_of_one_byte_cost_no_memory():
    with Server() as server:
        path, host = target(server.client().mint(4_000)["upload_url"])
        fields = f"Host: {host}\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked"
        with Connection(server.storage_address, timeout=30) as connection:
            connection.send(f"PUT {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode())
            before = server.resident_kilobytes()
            for _ in range(4_000):
                connection.send(b"1;" + b"x" * 4_000 + b"\r\na\r\n")
            connection.send(b"0\r\n\r\n")
            assert connection.response()[0] == 200
            assert server.resident_kilobytes() - before < 16 * 1024


def test_thousands_of_parameters_and_signed_headers_are_refused(server, client):
    url = client.url(client.upload(b"x"))
    many = "&".join(sorted(map(chr, range(97, 123)), reverse=True) * 250)
    with Connection(server.storage_address) as connection:
        connection.send(head("GET", f"{url}&{many}"))
        assert connection.response()[0] == 403
        changed = url.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=" + "a;" * 3_500 + "host")
        connection.send(head("GET", changed, "a: " + "x" * 7_000))
        status, _, body = connection.response()
        assert (status, b"HeadersNotSigned" in body) == (403, True)


def test_a_connection_goes_on_after_its_buffers_were_full(server, client):
    """A client that pipelines faster than it reads, and then goes on as if nothing had been."""
    data = os.urandom(60_000)
    url = client.url(client.upload(data))
    ticket = client.mint(3)
    count = 300
    with Connection(server.storage_address, timeout=30) as connection:
        connection.send(head("GET", url) * count)
        time.sleep(0.5)
        for _ in range(count):
            assert connection.response()[2] == data
        time.sleep(0.2)
        connection.send(head("PUT", ticket["upload_url"], "Content-Type: image/png", "Content-Length: 3"))
        connection.send(b"abc")
        assert connection.response()[0] == 200


def test_whole_requests_are_answered_after_half_closure(server, client):
    large, small = os.urandom(5_000_000), b"small"
    urls = [client.url(client.upload(data)) for data in (large, small)]
    with Connection(server.storage_address, timeout=30) as connection:
        connection.send(b"".join(head("GET", url) for url in urls))
        connection.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        assert connection.response()[2] == large
        assert connection.response()[2] == small
        assert connection.is_closed()


def test_a_slow_download_is_not_cut(server, client):
    """10 KB a second is slow and allowed; a full socket hides that it gets on."""
    url = client.url(client.upload(os.urandom(30_000_000)))
    with Connection(server.storage_address, timeout=30) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.send(head("GET", url))
        received = 0
        for _ in range(45):
            time.sleep(1)
            data = connection.socket.recv(10_000)
            assert data, f"cut after {received} bytes"
            received += len(data)


def test_deeply_nested_json_is_read_past(client):
    strings = ",".join(['""'] * 300_000)
    body = '{"filename": "a", "content_type": "text/plain", "size_bytes": 1, "x": ' + "[" * 60 + strings + "]" * 60 + "}"
    assert client.post("/v1/files/upload", data=body).status_code == 200
    assert client.post("/v1/files/upload", data='{"x":' + "[" * 500_000).status_code == 400
    many = {f"k{index}": [index] for index in range(50_000)}
    assert fields(client.post("/v1/files/upload", data=json.dumps({**many, "filename": []}))) == [
        "content_type", "filename", "size_bytes",
    ]  # fmt: skip


def test_a_client_that_breaks_off_its_json_is_no_fault_of_ours(server, client):
    def requests(**labels):
        return value(server.metrics(), "cloakroom_requests_total", route="POST /v1/files/upload", **labels)

    before, faults = requests(), requests(status="500")
    lines = [f"Authorization: Bearer {client.key}", "Content-Length: 100"]
    for _ in range(5):
        with Connection(address_of(server.api)) as connection:
            connection.send(head("POST", server.api + "/v1/files/upload", *lines, "Expect: 100-continue"))
            # The server waits for the body.
            assert connection.response()[0] == 100
            connection.send(b"{")
    eventually(lambda: requests() == before + 5)
    assert requests(status="500") == faults


def test_repeated_conditional_fields_are_one_list(server, client):
    file_id = client.upload(b"x")
    url = client.url(file_id)
    with Connection(server.storage_address) as connection:
        connection.send(head("GET", url, 'If-Match: "other"', f'If-Match: "{file_id}"'))
        assert connection.response()[0] == 200
        connection.send(head("GET", url, 'If-None-Match: "other"', f'If-None-Match: "{file_id}"'))
        assert connection.response()[0] == 304


def test_signing_keys_are_taken_over_once_their_mode_is_mended(tmp_path):
    with Server(data_dir=tmp_path) as server:
        client = server.client()
        url = client.url(client.upload(b"x"))
        path = tmp_path / "signing-keys"
        # Without the digest of the keys, which are changed by hand.
        new = path.read_text().partition("\n")[2].replace(server.signing_keys[0][0], "CLKNEWNEWNEWNEWNEWNEW")
        path.chmod(0o644)
        path.write_text(new)
        eventually(lambda: "Signing keys unusable" in server.logged())
        assert http("GET", url).status_code == 200
        path.chmod(0o600)
        deadline = time.monotonic() + 5
        while (response := http("GET", url)).status_code == 200:
            assert time.monotonic() < deadline, "the mended file is not taken over"
        assert error_code(response) == "InvalidAccessKeyId"
        assert element(response, "AWSAccessKeyId") == server.signing_keys[0][0]


def test_listings_with_filters_end_and_go_on(server):
    client = server.client("filters")
    ids = [client.mint(1, f"{index}.bin", "application/x-a" if index % 3 else "video/mp4")["file_id"] for index in range(30)]
    found, cursor = [], ""
    while cursor is not None:
        body = client.get(f"/v1/files?content_type=video/*&status=pending&limit=3&cursor={cursor}" if cursor else
                          "/v1/files?content_type=video/*&status=pending&limit=3").json()  # fmt: skip
        found += [file["file_id"] for file in body["files"]]
        cursor = body["next_cursor"]
    assert found == ids[::-1][2::3]


def test_lost_bytes_of_a_ready_file_can_be_sent_again(server, client):
    from cloakroom import put

    data = os.urandom(100_000)  # too large for a pack
    ticket = client.mint(len(data))
    assert put(ticket["upload_url"], data).status_code == 200
    uuid = ticket["file_id"].removeprefix("file_")
    (server.data_dir / "blobs" / uuid[-2:] / uuid).unlink()
    assert http("GET", client.url(ticket["file_id"])).status_code == 404
    assert put(ticket["upload_url"], os.urandom(len(data))).status_code == 409
    assert put(ticket["upload_url"], data).status_code == 200
    assert http("GET", client.url(ticket["file_id"])).content == data
