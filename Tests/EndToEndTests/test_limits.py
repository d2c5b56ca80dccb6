"""The largest file, many at once, memory and start-up; slow clients."""

import contextlib
import hashlib
import http.client
import os
import pathlib
import subprocess
import threading
import time

import pytest
from cloakroom import Server, http as request
from held_connections import Held, eventually
from raw import Connection, head
from test_operations import value

MAXIMUM = 104_857_600


def make(path, size=MAXIMUM):
    with path.open("wb") as file:
        for _ in range(size // 1_048_576):
            file.write(os.urandom(1_048_576))
        file.write(os.urandom(size % 1_048_576))
    return path


def send(path, url):
    """Sends a file from the disk, without holding it in memory; returns the status."""
    host, _, rest = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=300)
    with path.open("rb") as file:
        headers = {"Content-Type": "image/png", "Content-Length": str(path.stat().st_size)}
        # A refused body is not read: the answer is there when sending breaks off, as urllib3 knows too.
        with contextlib.suppress(BrokenPipeError):
            connection.request("PUT", "/" + rest, body=file, headers=headers)
        status = connection.getresponse().status
    connection.close()
    return status


def digest_of(url):
    host, _, rest = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=300)
    connection.request("GET", "/" + rest)
    response = connection.getresponse()
    digest = hashlib.sha256()
    while data := response.read(1_048_576):
        digest.update(data)
    connection.close()
    return digest.hexdigest()


def test_the_largest_file_goes_up_and_comes_down(client, tmp_path):
    path = make(tmp_path / "large.png")
    ticket = client.mint(MAXIMUM)
    expected = subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0]
    assert send(path, ticket["upload_url"]) == 200
    assert client.get(f"/v1/files/{ticket['file_id']}").json()["sha256"] == expected
    assert digest_of(client.url(ticket["file_id"])) == expected
    body = {"filename": "a.png", "content_type": "image/png", "size_bytes": MAXIMUM + 1}
    assert client.post("/v1/files/upload", json=body).status_code == 400


def test_64_large_uploads_at_once_stay_intact_and_within_memory(tmp_path):
    uploads = int(os.environ.get("CLOAKROOM_CONCURRENT_UPLOADS", "64"))
    files = [make(tmp_path / f"{index}.png") for index in range(4)]
    digests = [subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0] for path in files]
    with Server() as server:
        client = server.client()
        tickets = [client.mint(MAXIMUM) for _ in range(uploads)]
        results = [None] * uploads

        def upload(index):
            results[index] = send(files[index % len(files)], tickets[index]["upload_url"])

        threads = [threading.Thread(target=upload, args=(index,)) for index in range(uploads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [200] * uploads
        for index, ticket in enumerate(tickets):
            assert client.get(f"/v1/files/{ticket['file_id']}").json()["sha256"] == digests[index % len(files)]
            uuid = ticket["file_id"].removeprefix("file_")
            blob = server.data_dir / "blobs" / uuid[-2:] / uuid
            read = subprocess.run(["sha256sum", blob], capture_output=True, text=True).stdout.split()[0]
            assert read == digests[index % len(files)]
        peak = server.resident_kilobytes("VmHWM")
        print(f"peak resident memory of {uploads} uploads of 100 MB at once: {peak / 1024:.0f} MiB")
        assert 1024 < peak < 160 * 1024


def test_idle_memory_and_start_up():
    with Server() as server:
        client = server.client()
        for _ in range(20):
            client.upload(os.urandom(100_000))
        server.stop()
        times = []
        for _ in range(5):
            server.start()
            times.append(server.ready_after)
            idle = server.resident_kilobytes()
            server.stop()
        print(f"start-up on existing data: {sorted(times)[2] * 1000:.0f} ms; idle: {idle / 1024:.0f} MiB")
        assert 1024 < idle < 48 * 1024
        # A start takes milliseconds; a machine that is busy may take its time.
        assert sorted(times)[2] < 5


def test_a_client_that_never_finishes_its_head_is_closed(server):
    with Connection(server.storage_address, timeout=40) as connection:
        connection.send(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        assert connection.is_closed()
        # The limit is 15 seconds.
        assert 10 < time.monotonic() - started < 30


def test_a_client_that_stops_sending_its_body_is_told(server, client):
    ticket = client.mint(1_000_000)
    with Connection(server.storage_address, timeout=60) as connection:
        fields = ["Content-Type: image/png", "Content-Length: 1000000"]
        connection.send(head("PUT", ticket["upload_url"], *fields) + b"x" * 1000)
        started = time.monotonic()
        status, _, body = connection.response()
        assert (status, b"<Code>RequestTimeout</Code>" in body) == (408, True)
        # The rate is measured over 20 seconds.
        assert 15 < time.monotonic() - started < 40
    assert client.get(f"/v1/files/{ticket['file_id']}").json()["status"] == "pending"


def is_connected(server, connection):
    """Whether the server's end of a connection is open, by the kernel's table."""
    ends = f":{server.storage_address[1]:04X}", f":{connection.socket.getsockname()[1]:04X}"
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # 01 is ESTABLISHED.
    return any((local[-5:], remote[-5:], state) == (*ends, "01") for _, local, remote, state, *_ in rows)


def test_a_client_that_stops_reading_is_closed():
    with Server("--download-stall-seconds", "20") as server:
        client = server.client()
        url = client.url(client.upload(os.urandom(30_000_000)))
        with Held(server.storage_address) as connection:
            connection.begin_download(url)
            started = time.monotonic()
            assert is_connected(server, connection)
            eventually(lambda: not is_connected(server, connection), 90)
            # What the client's and the kernel's buffers take counts for the first 20 seconds.
            assert 15 < time.monotonic() - started < 80


def test_uploads_go_on_beside_slow_clients(server, client):
    held = [Connection(server.storage_address) for _ in range(200)]
    for connection in held:
        connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
    eventually(lambda: value(server.metrics(), "cloakroom_open_connections", origin="storage") >= 200)
    data = os.urandom(200_000)
    assert request("GET", client.url(client.upload(data))).content == data
    assert value(server.metrics(), "cloakroom_open_connections", origin="storage") >= 200
    for connection in held:
        connection.close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 136 MiB: the server sets 8 of them aside."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=136m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"SKIPPED LOUDLY: a full disk cannot be tested without the right to mount: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_refuses_uploads_and_serves_the_rest(small_disk):
    with Server(data_dir=small_disk) as server:
        client = server.client()
        kept = client.upload(b"kept")
        doomed = client.upload(b"doomed")
        url = client.url(kept)
        tickets = [client.mint(40_000_000) for _ in range(4)]
        path = make(small_disk.parent / "large.png", 40_000_000)
        answers = [send(path, ticket["upload_url"]) for ticket in tickets]
        assert answers == [200, 200, 507, 507]
        (small_disk / "filler").write_bytes(b"x" * 30_000_000)
        response = client.post(
            "/v1/files/upload", json={"filename": "a", "content_type": "text/plain", "size_bytes": 1}
        )
        assert (response.status_code, response.json()["error"]["code"]) == (507, "STORAGE_FULL")
        assert request("GET", server.operations + "/readyz").status_code == 503
        assert request("GET", url).content == b"kept"
        assert client.delete(f"/v1/files/{doomed}").status_code == 204
        assert client.delete(f"/v1/files/{tickets[0]['file_id']}").status_code == 204
        (small_disk / "filler").unlink()
        assert send(path, tickets[2]["upload_url"]) == 200
        # It asks the database once a second.
        eventually(lambda: request("GET", server.operations + "/readyz").status_code == 200)
        assert not list(server.data_dir.glob("blobs/staging/*"))
        server.stop()
