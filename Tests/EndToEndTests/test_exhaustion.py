"""Disks without bytes, inodes or the right to write, and no descriptors: clear answers, and no restart afterwards."""

import contextlib
import http.client
import os
import pathlib
import re
import resource
import shlex
import signal
import time
from unittest import mock

import cloakroom
import pytest
from cloakroom import EVIDENCE, Server, error_code, http as request, put
from filesystems import MEBIBYTE, ext4, fill, mount_again, read_only_for, set_aside, tmpfs, turn_read_only
from raw import Connection
from test_api import error
from test_idempotency import at_once

# Room for a pack, which is made only where 160 MiB are free.
DISK = 256 * MEBIBYTE
# What the server sets aside for the catalogue.
RESERVE = 8 * MEBIBYTE
# Too large for a pack, and large enough to be written past the page cache.
OWN_FILE, DIRECT = 100_000, 3_000_000
PNG = {"Content-Type": "image/png"}
# What may answer a write that the disk does not take: nothing of it is the client's fault.
STORAGE_FAILURES = {(500, "InternalError"), (503, "ServiceUnavailable")}
API_FAILURES = {(500, "INTERNAL_ERROR"), (503, "UNAVAILABLE")}

both_filesystems = pytest.mark.parametrize("filesystem", [tmpfs, ext4], ids=["tmpfs", "ext4"])


def eventually(holds, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def send(client, data):
    return client.post("/v1/files?filename=photo.png", data=data, headers=PNG)


def declare(client, size=1):
    body = {"filename": "photo.png", "content_type": "image/png", "size_bytes": size}
    return client.post("/v1/files/upload", json=body)


def renew(client, ticket):
    response = client.post(f"/v1/files/{ticket['file_id']}/upload-url")
    assert response.status_code == 200, response.text
    EVIDENCE.signature_of(response.text)
    return response.json()


def stored(client, sizes):
    """Uploads a body of each size; returns them by file id."""
    bodies = {}
    for size in sizes:
        data = os.urandom(size)
        bodies[client.upload(data)] = data
    return bodies


def refused_as_full(response):
    assert (response.status_code, error_code(response)) == (507, "InsufficientStorage"), response.text


def upload_until_full(tickets, size, bodies):
    """Uploads until the disk is full; returns the ticket that was refused."""
    for ticket in tickets:
        data = os.urandom(size)
        response = put(ticket["upload_url"], data)
        if response.status_code != 200:
            refused_as_full(response)
            return ticket
        bodies[ticket["file_id"]] = data
    raise AssertionError(f"{len(tickets)} bodies of {size} bytes do not fill the disk")


def accepted(ticket, size, bodies):
    """Whether an upload is taken now."""
    data = os.urandom(size)
    response = put(ticket["upload_url"], data)
    if response.status_code == 200:
        bodies[ticket["file_id"]] = data
    return response.status_code == 200


def delete(client, bodies, file_ids):
    for file_id in file_ids:
        response = client.delete(f"/v1/files/{file_id}")
        assert response.status_code == 204, response.text
        del bodies[file_id]


def own_file(server, file_id):
    uuid = file_id.removeprefix("file_")
    return server.data_dir / "blobs" / uuid[-2:] / uuid


def check(server, client, bodies):
    """The server is alive; what it acknowledged is there, whole, and nothing else."""
    assert server.process.poll() is None, server.logged()
    files = client.get("/v1/files?limit=1000&status=ready").json()["files"]
    assert {file["file_id"] for file in files} == set(bodies)
    visible = set(server.data_dir.glob("blobs/??/*"))
    assert visible <= {own_file(server, file_id) for file_id in bodies}
    for file_id, data in bodies.items():
        assert client.get(f"/v1/files/{file_id}/download").content == data
    for file_id in [*list(bodies)[:5], *list(bodies)[-5:]]:
        assert request("GET", client.url(file_id)).content == bodies[file_id]


def check_restarted(server, client, bodies):
    assert server.stop() == 0
    server.start()
    check(server, client, bodies)


def is_pending(client, ticket):
    assert client.get(f"/v1/files/{ticket['file_id']}/download").status_code == 404
    return client.get(f"/v1/files/{ticket['file_id']}").json()["status"] == "pending"


def readiness(server):
    response = request("GET", server.operations + "/readyz")
    return response.status_code, response.text


def is_ready(server):
    return readiness(server) == (200, "ready\n")


# Bytes


def test_uploads_that_fill_the_disk_are_refused_until_something_is_deleted(tmp_path):
    with tmpfs(tmp_path, 64 * MEBIBYTE) as disk, Server(data_dir=disk / "data") as server:
        client, bodies = server.client(), {}
        large = [client.mint(MEBIBYTE) for _ in range(80)]
        small = [client.mint(60_000) for _ in range(60)]
        refused = upload_until_full(large, MEBIBYTE, bodies), upload_until_full(small, 60_000, bodies)
        assert len(bodies) >= 12
        for _ in range(80):
            data = os.urandom(200_000)
            response = send(client, data)
            if response.status_code != 201:
                break
            bodies[response.json()["file_id"]] = data
        error(response, 507, "STORAGE_FULL")
        assert all(is_pending(client, ticket) for ticket in refused)
        check(server, client, bodies)
        delete(client, bodies, list(bodies)[:10])
        for ticket, size in zip(refused, (MEBIBYTE, 60_000)):
            eventually(lambda: accepted(ticket, size, bodies), "uploads are refused although there is room")
        check(server, client, bodies)
        check_restarted(server, client, bodies)


@both_filesystems
def test_deletions_go_on_when_somebody_else_has_taken_every_byte(filesystem, tmp_path):
    with filesystem(tmp_path, DISK) as disk, Server(data_dir=disk / "data") as server:
        client, filler, reserve = server.client(), disk / "filler", server.data_dir / "reserve"
        packed = stored(client, [1_000] * 220)
        own = stored(client, [OWN_FILE, DIRECT] * 4)
        bodies = packed | own
        assert list(server.data_dir.glob("blobs/packs/*")) and own_file(server, list(own)[0]).exists()
        tickets = [(client.mint(size), size) for size in (1_000, OWN_FILE, DIRECT)]
        urls = [client.url(list(packed)[0]), client.url(list(own)[0])]
        eventually(lambda: set_aside(reserve) >= RESERVE, "no reserve has been set aside")

        # Nothing is asked of the server in between: not a byte is free when the first file is deleted. Deleting small
        # files takes more room in the catalogue's log than it gives back.
        fill(filler)
        delete(client, bodies, list(packed)[:200])
        for ticket, size in tickets:
            refused_as_full(put(ticket["upload_url"], os.urandom(size)))
            assert is_pending(client, ticket)
        error(send(client, b"x"), 507, "STORAGE_FULL")
        error(declare(client), 507, "STORAGE_FULL")
        status, reasons = readiness(server)
        assert status == 503 and re.search(r"\bfree\b", reasons), reasons
        check(server, client, bodies)
        delete(client, bodies, list(own)[:2])
        assert [request("GET", url).status_code for url in urls] == [404, 404]
        check(server, client, bodies)

        filler.unlink()
        for ticket, size in tickets:
            eventually(lambda: accepted(ticket, size, bodies), "uploads are refused although there is room")
        eventually(lambda: is_ready(server), "the server is not ready although there is room")
        eventually(lambda: set_aside(reserve) >= RESERVE, "the reserve has not been set aside again")

        # The reserve is as good as it was.
        fill(filler)
        delete(client, bodies, [*list(packed)[200:210], list(own)[2]])
        check(server, client, bodies)
        filler.unlink()
        eventually(lambda: is_ready(server), "the server is not ready although there is room")
        check_restarted(server, client, bodies)


@both_filesystems
def test_a_server_that_died_on_a_full_disk_starts_there_and_deletes(filesystem, tmp_path):
    with filesystem(tmp_path, DISK) as disk, Server(data_dir=disk / "data") as server:
        client, filler = server.client(), disk / "filler"
        bodies = stored(client, [1_000, OWN_FILE, DIRECT] * 4)
        ticket = client.mint(DIRECT)
        eventually(lambda: set_aside(server.data_dir / "reserve") >= RESERVE, "no reserve has been set aside")
        server.stop(signal.SIGKILL)
        fill(filler)
        server.start()
        check(server, client, bodies)
        delete(client, bodies, list(bodies)[:6])
        check(server, client, bodies)
        filler.unlink()
        # The storage origin has another port now, for which the URL has not been signed.
        renewed = renew(client, ticket)
        eventually(lambda: accepted(renewed, DIRECT, bodies), "uploads are refused although there is room")
        check_restarted(server, client, bodies)


# Inodes


@both_filesystems
def test_a_disk_without_inodes_serves_and_deletes(filesystem, tmp_path):
    with filesystem(tmp_path, DISK, inodes=400) as disk, Server(data_dir=disk / "data") as server:
        client, bodies = server.client(), {}
        tickets = [client.mint(OWN_FILE) for _ in range(400)]
        small = [client.mint(1_000) for _ in range(5)]
        # With its first body a pack is made, which takes an inode.
        assert accepted(small.pop(), 1_000, bodies)
        refused = upload_until_full(tickets, OWN_FILE, bodies)
        # It is inodes that are missing.
        assert os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize > 100 * MEBIBYTE
        assert is_pending(client, refused)
        error(send(client, os.urandom(OWN_FILE)), 507, "STORAGE_FULL")
        for ticket in small:
            data = os.urandom(1_000)
            response = put(ticket["upload_url"], data)
            if response.status_code == 200:
                bodies[ticket["file_id"]] = data
            else:
                refused_as_full(response)
        status, reasons = readiness(server)
        assert status == 503 and "inode" in reasons, reasons
        check(server, client, bodies)
        delete(client, bodies, list(bodies)[:6])
        eventually(lambda: accepted(refused, OWN_FILE, bodies), "uploads are refused although there are inodes")
        check(server, client, bodies)
        check_restarted(server, client, bodies)


# Writes


def refuses_every_write(server, client, bodies, tickets):
    """Every upload and deletion fails clearly and soon; everything else goes on."""
    for ticket, size in tickets:
        response = put(ticket["upload_url"], os.urandom(size))
        assert (response.status_code, error_code(response)) in STORAGE_FAILURES, response.text
        assert response.elapsed.total_seconds() < 10
        assert is_pending(client, ticket)
    writes = [
        lambda: send(client, b"x"),
        lambda: send(client, os.urandom(OWN_FILE)),
        lambda: declare(client),
        *(lambda file_id=file_id: client.delete(f"/v1/files/{file_id}") for file_id in list(bodies)[:3]),
    ]
    for write in writes:
        response = write()
        failure = response.status_code, response.json()["error"]["code"]
        assert failure in API_FAILURES, response.text
        error(response, *failure)
        assert response.elapsed.total_seconds() < 10
    status, reasons = readiness(server)
    assert status == 503 and re.search(r"\bwrites\b|read-only", reasons), reasons
    assert request("GET", server.operations + "/healthz").text == "ok\n"
    check(server, client, bodies)


def test_a_file_system_that_turned_read_only_is_served_and_repaired_by_a_restart(tmp_path):
    with ext4(tmp_path, DISK) as disk, Server(data_dir=disk / "data") as server:
        client = server.client()
        bodies = stored(client, [1_000, OWN_FILE, DIRECT] * 3)
        tickets = [(client.mint(size), size) for size in (1_000, OWN_FILE, DIRECT)]
        turn_read_only(disk)
        refuses_every_write(server, client, bodies, tickets)
        server.stop()
        mount_again(disk)
        server.start()
        check(server, client, bodies)
        for ticket, size in tickets:
            assert accepted(renew(client, ticket), size, bodies)
        delete(client, bodies, list(bodies)[:3])
        assert is_ready(server)
        check(server, client, bodies)


def test_writes_are_taken_again_without_a_restart_once_the_file_system_takes_them():
    """No kernel lets a file system that is written to turn read-only and back, so the calls are made to fail."""
    with Server() as server:
        client = server.client()
        bodies = stored(client, [1_000, OWN_FILE, DIRECT] * 3)
        tickets = [(client.mint(size), size) for size in (1_000, OWN_FILE, DIRECT)]
        with read_only_for(server.process.pid):
            refuses_every_write(server, client, bodies, tickets)
        for ticket, size in tickets:
            eventually(lambda: accepted(ticket, size, bodies), "uploads are refused although the disk takes them")
        delete(client, bodies, list(bodies)[:3])
        eventually(lambda: is_ready(server), "the server is not ready although the disk takes writes")
        check(server, client, bodies)
        check_restarted(server, client, bodies)


# Descriptors


class FrugalServer(Server):
    """A server that starts with a low limit of open files."""

    def __init__(self, directory, descriptors, *options):
        self.wrapper = directory / "cloakroom"
        self.wrapper.write_text(f'#!/bin/sh\nulimit -n {descriptors}\nexec {shlex.quote(cloakroom.BINARY)} "$@"\n')
        self.wrapper.chmod(0o755)
        super().__init__(*options)

    def start(self, wait=True):
        with mock.patch.object(cloakroom, "BINARY", str(self.wrapper)):
            super().start(wait)


class KeptConnection:
    """A connection that is used again and again: a request on it never opens another."""

    def __init__(self, url, **fields):
        self.fields = fields
        self.connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=10)
        self.connection.connect()
        self.connection.auto_open = 0

    def ask(self, method, url, body=None, **fields):
        """Returns the status and the body of the answer."""
        path = "/" + url.removeprefix("http://").partition("/")[2]
        self.connection.request(method, path, body, self.fields | fields)
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= 400:
            EVIDENCE.text(f"answer {response.status}", content.decode() + str(response.headers))
        return response.status, content

    def close(self):
        self.connection.close()


def newcomer(url, **fields):
    """What a request on a new connection comes to: its status, `closed`, or `left waiting`."""
    try:
        with contextlib.closing(KeptConnection(url, **fields)) as connection:
            return connection.ask("GET", url)[0]
    except TimeoutError:
        return "left waiting"
    except ConnectionError:
        return "closed"


def hold(stack, url, count):
    """Opens connections on which nothing is sent."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return [stack.enter_context(Connection((host, int(port)))) for _ in range(count)]


def connect(stack, server, client):
    """A connection to each origin that is kept."""
    origins = [(server.api, {"Authorization": f"Bearer {client.key}"}), (server.storage, {}), (server.operations, {})]
    return [stack.enter_context(contextlib.closing(KeptConnection(url, **fields))) for url, fields in origins]


def lowest_free_descriptor(server):
    used = {int(path.name) for path in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()}
    return next(number for number in range(len(used) + 1) if number not in used)


def serves_newcomers(server, client, url):
    if newcomer(server.api + "/v1/files", Authorization=f"Bearer {client.key}") != 200:
        return False
    return all(newcomer(other) == 200 for other in (url, server.operations + "/healthz"))


@pytest.fixture
def many_descriptors():
    """Lets the test itself open many."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed[1], allowed[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, allowed)


def test_idle_connections_leave_room_for_those_that_are_used(many_descriptors, tmp_path):
    # 256 directories, what each event loop needs, and some.
    descriptors = 480 + 16 * os.cpu_count()
    with FrugalServer(tmp_path, descriptors) as server, contextlib.ExitStack() as stack:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (descriptors, descriptors)
        client = server.client()
        bodies = stored(client, [1_000, OWN_FILE])
        urls = [client.url(file_id) for file_id in bodies]
        api, storage, operations = connect(stack, server, client)

        def serves_as_before():
            for url, data in zip(urls, bodies.values()):
                assert storage.ask("GET", url) == (200, data)
            assert api.ask("GET", server.api + "/v1/files")[0] == 200
            assert operations.ask("GET", server.operations + "/healthz") == (200, b"ok\n")

        serves_as_before()
        with contextlib.ExitStack() as idle:
            # More than there are descriptors for, at either origin.
            for origin in (server.storage, server.api):
                hold(idle, origin, descriptors - 256)
            # Connections are accepted in their order: once a newcomer has been dealt with, so have these.
            assert newcomer(urls[1]) in (200, 429, 503, "closed")
            assert newcomer(server.api + "/v1/files", **api.fields) in (200, 429, 503, "closed")
            assert newcomer(server.operations + "/healthz") == 200
            serves_as_before()
            assert server.process.poll() is None, server.logged()
        eventually(lambda: serves_newcomers(server, client, urls[1]), "newcomers are not served", 40)
        serves_as_before()
        bodies |= stored(client, [1_000, OWN_FILE])
        check(server, client, bodies)


def test_a_server_without_a_free_descriptor_serves_the_connections_it_has():
    with Server() as server, contextlib.ExitStack() as stack:
        client = server.client()
        bodies = stored(client, [1_000, OWN_FILE, 1_000, OWN_FILE, OWN_FILE])
        *known, last = bodies
        urls = {file_id: client.url(file_id) for file_id in bodies}
        ticket = client.mint(1_000)
        api, storage, operations = connect(stack, server, client)
        # The catalogue is read on as many connections as are needed at once, which stay open.
        assert at_once(8, lambda _: client.get("/v1/files").status_code) == [200] * 8
        for file_id in known:
            assert storage.ask("GET", urls[file_id]) == (200, bodies[file_id])

        limit = lowest_free_descriptor(server) + 10
        allowed = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, allowed))
        with contextlib.ExitStack() as idle:
            hold(idle, server.api, 30)
            eventually(lambda: lowest_free_descriptor(server) >= limit, "descriptors are left")
            assert operations.ask("GET", server.operations + "/healthz") == (200, b"ok\n")
            assert api.ask("GET", server.api + "/v1/files")[0] == 200
            for file_id in known:
                assert storage.ask("GET", urls[file_id]) == (200, bodies[file_id])
            data = os.urandom(1_000)
            assert storage.ask("PUT", ticket["upload_url"], data, **PNG)[0] == 200
            bodies[ticket["file_id"]] = data
            for file_id in known[:2]:
                assert api.ask("DELETE", server.api + f"/v1/files/{file_id}")[0] == 204
                del bodies[file_id]
            # This takes a descriptor: one may be spared for it.
            status, content = storage.ask("GET", urls[last])
            if status == 200:
                assert content == bodies[last]
            else:
                assert status in (500, 503) and b"<Code>" in content, content
            assert server.process.poll() is None, server.logged()
        # The limit stays as it is: those that the idle connections had are enough.
        eventually(lambda: serves_newcomers(server, client, urls[last]), "newcomers are not served", 40)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (allowed, allowed))
        check(server, client, bodies)
        check_restarted(server, client, bodies)
