"""The most connections of an address, and the most requests of a key, at a time."""

import contextlib
import json
import os
import re
import socket
import struct
import threading
import time

import pytest
import requests
from cloakroom import Server, command, element, error_code, http, put
from raw import Connection, head
from test_api import error
from test_operations import value

CONNECTIONS = 3
REQUESTS = 2
LARGE = 32_000_000
UNKNOWN = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"


def address(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)


def eventually(condition, seconds=20):
    """Waits for a condition, which does not depend on how long it takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


class Held(Connection):
    """A connection that says what it got, from any address of the loopback."""

    def __init__(self, address, source="127.0.0.1"):
        self.socket = socket.create_connection(address, timeout=30, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def try_to_send(self, data):
        with contextlib.suppress(ConnectionError):
            self.send(data)

    def status(self):
        """The status of the answer, `None` where the connection is closed without one."""
        try:
            return self.response()[0]
        except (EOFError, ConnectionError):
            return None

    def begin_download(self, url, *lines):
        """Asks for bytes, and takes no more of them than come with the head."""
        self.buffer = b""
        self.send(head("GET", url, *lines))
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        assert self.buffer.startswith(b"HTTP/1.1 200 ")

    def end_download(self):
        """Takes the bytes that are left, and returns how many came in all."""
        fields, _, body = self.buffer.partition(b"\r\n\r\n")
        length, received = int(re.search(rb"(?i)content-length: (\d+)", fields)[1]), len(body)
        while received < length and (data := self.socket.recv(1_048_576)):
            received += len(data)
        return received

    def reset(self):
        """Ends the connection at once, with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


# Connections of an address.

OPTIONS = b"OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n"
UNSIGNED = b"GET /files/x HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"PUT /uploads/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
PUBLIC = b"GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def connecting():
    with Server("--connections-per-address", str(CONNECTIONS)) as server:
        yield server


def open_connections(server):
    text = server.metrics()
    return sum(value(text, "cloakroom_open_connections", origin=origin) for origin in ("api", "storage"))


def refused_connections(server, origin):
    return value(server.metrics(), "cloakroom_refused_connections_total", origin=origin, limit="address")


@pytest.fixture
def quiet(connecting):
    """The server while nobody is connected to it."""
    eventually(lambda: open_connections(connecting) == 0)
    return connecting


@pytest.fixture
def ready(quiet):
    """A file that can be downloaded; the connections that made it are closed."""
    client = quiet.client("default")
    file_id = client.upload(b"bytes")
    url = client.url(file_id)
    client.session.close()
    eventually(lambda: open_connections(quiet) == 0)
    return url


def hold(held, server, storage, api, source):
    """Adds connections to those that are held; returns whether all are served."""
    for base, request, status in [(server.storage, OPTIONS, 204)] * storage + [(server.api, PUBLIC, 200)] * api:
        held.append(Held(address(base), source))
        held[-1].try_to_send(request)
        if held[-1].status() != status:
            return False
    return True


@contextlib.contextmanager
def holding(server, storage=0, api=0, source="127.0.0.1"):
    """Connections that are served, and stay open; the server may take a moment to see that others have ended."""
    held = []

    def try_to_hold():
        while held:
            held.pop().close()
        return hold(held, server, storage, api, source)

    try:
        eventually(try_to_hold)
        yield held
    finally:
        for connection in held:
            connection.close()


def refused(server, accept="*/*", method="GET", source="127.0.0.1"):
    """The answer to a connection too many; those before it may take a moment to end, so that it can be told."""
    answers = []

    def is_told():
        with Held(address(server.storage), source) as connection:
            connection.try_to_send(f"{method} /files/x HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n".encode())
            with contextlib.suppress(EOFError, ConnectionError):
                answers.append(connection.response(head_only=method == "HEAD"))
                assert connection.is_closed()
        return bool(answers)

    eventually(is_told)
    status, fields, body = answers[0]
    assert (status, fields["connection"], fields["retry-after"]) == (503, "close", "1")
    assert fields["cache-control"] == "no-store" and fields["access-control-allow-origin"] == "*"
    return body


def is_served(server, source="127.0.0.1"):
    with Held(address(server.storage), source) as connection:
        connection.send(OPTIONS)
        return connection.status() == 204


def test_a_connection_too_many_is_told_so(quiet, ready):
    with holding(quiet, storage=CONNECTIONS) as held:
        before = [refused_connections(quiet, origin) for origin in ("storage", "api")]
        response = http("GET", ready)
        assert (response.status_code, error_code(response)) == (503, "SlowDown")
        assert str(CONNECTIONS) in element(response, "Message")
        assert element(response, "RequestId") == response.headers["x-amz-request-id"]
        assert response.headers["Content-Type"] == "application/xml"
        assert response.headers["Retry-After"] == "1"
        # Those that are served go on.
        for connection in held:
            connection.send(head("GET", ready))
            assert connection.response()[::2] == (200, b"bytes")
    assert [refused_connections(quiet, origin) for origin in ("storage", "api")] == [before[0] + 1, before[1]]
    eventually(lambda: http("GET", ready).status_code == 200)


def test_whatever_it_asks(quiet):
    with holding(quiet, storage=CONNECTIONS):
        assert b"<Code>SlowDown</Code>" in refused(quiet, method="OPTIONS")
        eventually(lambda: open_connections(quiet) == CONNECTIONS)
        assert json.loads(refused(quiet, accept="application/json"))["Error"]["Code"] == "SlowDown"
        eventually(lambda: open_connections(quiet) == CONNECTIONS)
        assert refused(quiet, method="HEAD") == b""
        eventually(lambda: open_connections(quiet) == CONNECTIONS)
        with Held(address(quiet.storage)) as connection:
            connection.send(b"not HTTP at all\r\n\r\n")
            assert connection.status() == 503


def test_a_body_for_a_connection_too_many_is_not_read(quiet):
    with holding(quiet, storage=CONNECTIONS), Held(address(quiet.storage)) as connection:
        connection.send(UPLOAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        status, fields, body = connection.response()
        assert (status, fields["connection"], b"<Code>SlowDown</Code>" in body) == (503, "close", True)


def test_the_api_tells_it_too(quiet):
    with holding(quiet, api=CONNECTIONS) as held:
        before = refused_connections(quiet, "api")
        response = http("GET", quiet.api + "/openapi.yaml")
        details = error(response, 503, "UNAVAILABLE")
        assert details["details"] == {"limit": CONNECTIONS} and str(CONNECTIONS) in details["message"]
        assert (response.headers["Retry-After"], response.headers["Connection"]) == ("1", "close")
        assert (response.headers["Cache-Control"], response.headers["Content-Type"]) == ("no-store", "application/json")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        for connection in held:
            connection.send(PUBLIC)
            assert connection.status() == 200
        eventually(lambda: open_connections(quiet) == CONNECTIONS)
        response = http("HEAD", quiet.api + "/v1/files")
        assert (response.status_code, response.content, response.headers["Retry-After"]) == (503, b"", "1")
        eventually(lambda: open_connections(quiet) == CONNECTIONS)
        with Held(address(quiet.api)) as connection:
            fields = b"Content-Type: image/png\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
            connection.send(b"POST /v1/files?filename=a.png HTTP/1.1\r\nHost: x\r\n" + fields)
            assert connection.status() == 503
            assert connection.is_closed()
    assert refused_connections(quiet, "api") == before + 3
    eventually(lambda: http("GET", quiet.api + "/openapi.yaml").status_code == 200)


@pytest.mark.parametrize("storage", range(CONNECTIONS + 1))
def test_both_origins_count_together(quiet, ready, storage):
    with holding(quiet, storage=storage, api=CONNECTIONS - storage):
        assert http("GET", ready).status_code == 503
        eventually(lambda: open_connections(quiet) == CONNECTIONS)
        assert http("GET", quiet.api + "/openapi.yaml").status_code == 503


def test_other_addresses_are_not_concerned(quiet):
    with holding(quiet, storage=1, api=CONNECTIONS - 1), holding(quiet, storage=CONNECTIONS, source="127.0.0.2"):
        refused(quiet)
        refused(quiet, source="127.0.0.2")
        assert is_served(quiet, source="127.0.0.3")


def test_the_operations_listener_does_not_count(quiet):
    with contextlib.ExitStack() as stack:
        for _ in range(3 * CONNECTIONS):
            connection = stack.enter_context(Held(address(quiet.operations)))
            connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.status() == 200
        with holding(quiet, storage=1, api=CONNECTIONS - 1):
            refused(quiet)
            assert requests.get(quiet.operations + "/healthz", timeout=10).text == "ok\n"


def test_a_request_after_another_needs_no_place_of_its_own(quiet, ready):
    with holding(quiet, storage=CONNECTIONS) as held:
        for _ in range(20):
            for connection in held:
                connection.send(head("GET", ready))
                assert connection.status() == 200


# What the client does to the end, on either origin.
ENDS = {
    "nothing": lambda connection: connection.close(),
    "nothing, and a reset": lambda connection: connection.reset(),
    "half a head": lambda connection: (connection.try_to_send(b"GET / HT"), connection.close()),
    "half a head, and a reset": lambda connection: (connection.try_to_send(b"GET / HT"), connection.reset()),
    "half a head, and its side shut": lambda connection: (
        connection.try_to_send(b"GET / HT"),
        connection.socket.shutdown(socket.SHUT_WR),
        connection.is_closed(),
        connection.close(),
    ),
    "no HTTP": lambda connection: (connection.try_to_send(b"\0\r\n\r\n"), connection.status(), connection.close()),
    "an answer not read": lambda connection: (connection.try_to_send(UNSIGNED), connection.reset()),
    "the last answer": lambda connection: (
        connection.try_to_send(UNSIGNED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")),
        connection.status(),
        connection.close(),
    ),
    "a body not sent": lambda connection: (connection.try_to_send(UPLOAD), connection.status(), connection.close()),
}


@pytest.mark.parametrize("origin", ["storage", "api"])
@pytest.mark.parametrize("end", ENDS)
def test_however_a_connection_ends_its_place_is_free_once(quiet, origin, end):
    base = quiet.urls[origin]
    for _ in range(2):
        for _ in range(CONNECTIONS):
            ENDS[end](Held(address(base)))
        eventually(lambda: open_connections(quiet) == 0)
    # Not one too few, and not one too many.
    with holding(quiet, storage=1, api=CONNECTIONS - 1):
        refused(quiet)


@pytest.mark.parametrize("end", ENDS)
def test_so_does_one_that_is_refused(quiet, end):
    with holding(quiet, storage=CONNECTIONS):
        for _ in range(2):
            for _ in range(CONNECTIONS):
                ENDS[end](Held(address(quiet.storage)))
            eventually(lambda: open_connections(quiet) == CONNECTIONS)
        refused(quiet)
    eventually(lambda: open_connections(quiet) == 0)
    with holding(quiet, storage=CONNECTIONS - 1, api=1):
        refused(quiet)


@pytest.mark.parametrize("ends", ["close", "reset"])
def test_a_transfer_that_is_broken_off_frees_its_place(quiet, ends):
    client = quiet.client("default")
    large = client.url(client.upload(os.urandom(LARGE)))
    tickets = [client.mint(1_000_000) for _ in range(CONNECTIONS)]
    client.session.close()
    eventually(lambda: open_connections(quiet) == 0)
    downloads = [Held(address(quiet.storage)) for _ in range(CONNECTIONS)]
    for download in downloads:
        download.begin_download(large)
    refused(quiet)
    for download in downloads:
        getattr(download, ends)()
    eventually(lambda: open_connections(quiet) == 0)
    uploads = [Held(address(quiet.storage)) for _ in range(CONNECTIONS)]
    for upload, ticket in zip(uploads, tickets):
        fields = ["Content-Type: image/png", "Content-Length: 1000000", "Expect: 100-continue"]
        upload.send(head("PUT", ticket["upload_url"], *fields))
        assert upload.status() == 100
        upload.send(b"x" * 1_000)
    refused(quiet)
    for upload in uploads:
        getattr(upload, ends)()
    eventually(lambda: open_connections(quiet) == 0)
    with holding(quiet, storage=CONNECTIONS):
        refused(quiet)


def test_a_refused_connection_is_not_waited_for_long(quiet):
    """As long as it is, its address has one place less for others that are to be told."""
    with holding(quiet, storage=1, api=CONNECTIONS - 1):
        for base in (quiet.storage, quiet.api):
            with Held(address(base)) as silent, Held(address(base)) as slow:
                slow.send(b"GET / HTTP/1.1\r\n")
                assert silent.is_closed() and slow.is_closed()


@pytest.mark.parametrize("origin", ["storage", "api"])
def test_beyond_twice_the_number_connections_are_closed_at_once(quiet, origin):
    request = {"storage": OPTIONS, "api": PUBLIC}[origin]
    with holding(quiet, storage=1, api=CONNECTIONS - 1), contextlib.ExitStack() as stack:
        before = refused_connections(quiet, origin)
        many = [stack.enter_context(Held(address(quiet.urls[origin]))) for _ in range(40)]
        for connection in many:
            connection.try_to_send(request)
        # All stay open on this side until the last has been heard.
        answers = [connection.status() for connection in many]
    assert set(answers) == {503, None}
    assert answers.count(503) >= CONNECTIONS
    assert refused_connections(quiet, origin) == before + len(many)


def test_many_at_once_leave_nothing_behind(quiet, ready):
    """Clients that come and go together: each is served or told, and in the end every place is free."""
    outcomes = []

    def run():
        for _ in range(25):
            with Held(address(quiet.storage)) as connection:
                connection.try_to_send(head("GET", ready))
                outcomes.append(connection.status())

    threads = [threading.Thread(target=run) for _ in range(4 * CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 25 * len(threads)
    assert 200 in outcomes and set(outcomes) <= {200, 503, None}
    eventually(lambda: open_connections(quiet) == 0)
    with holding(quiet, storage=CONNECTIONS):
        refused(quiet)


def test_connections_are_not_limited_by_default(server, client):
    url = client.url(client.upload(b"bytes"))
    with contextlib.ExitStack() as stack:
        for base, request, status in ((server.storage, head("GET", url), 200), (server.api, PUBLIC, 200)):
            for _ in range(100):
                connection = stack.enter_context(Held(address(base)))
                connection.send(request)
                assert connection.status() == status
    assert refused_connections(server, "storage") == refused_connections(server, "api") == 0


# Requests of a key.


@pytest.fixture(scope="module")
def limiting():
    with Server("--concurrent-requests-per-key", str(REQUESTS)) as server:
        yield server


@pytest.fixture
def fresh(limiting):
    """A client whose key was never used."""
    return limiting.client("default")


class UnderWay(Held):
    """A direct upload whose body is still to come: the server is in the middle of it."""

    def __init__(self, client, body=b"bytes", **fields):
        super().__init__(address(client.server.api))
        self.body = body
        lines = [
            f"Authorization: Bearer {client.key}",
            "Content-Type: image/png",
            f"Content-Length: {len(body)}",
            "Expect: 100-continue",
            *(f"{name.replace('_', '-')}: {text}" for name, text in fields.items()),
        ]
        self.send(head("POST", client.server.api + "/v1/files?filename=a.png", *lines))
        self.began = self.status()

    def finish(self):
        self.send(self.body)
        return self.status()


@contextlib.contextmanager
def uploading(client, count=REQUESTS, **fields):
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(UnderWay(client, **fields)) for _ in range(count)]
        assert [upload.began for upload in uploads] == [100] * count
        yield uploads


def over_the_limit(response):
    found = error(response, 429, "RATE_LIMITED")
    assert found["details"] == {"limit": REQUESTS} and f"{REQUESTS} requests at a time" in found["message"]
    assert response.headers["Retry-After"] == "1"
    return True


def exactly_the_limit(client):
    """Whether all places of the key are free, and no more."""
    with uploading(client):
        return over_the_limit(client.get("/v1/files"))


def test_a_request_too_many_is_refused(limiting, fresh):
    before = value(limiting.metrics(), "cloakroom_limited_requests_total", limit="concurrent_requests")
    with uploading(fresh) as uploads:
        over_the_limit(fresh.get("/v1/files"))
        over_the_limit(fresh.get(f"/v1/files/{UNKNOWN}"))
        with UnderWay(fresh) as third:
            assert third.began == 429
        # Its place is free before its answer is out.
        assert uploads[0].finish() == 201
        assert fresh.get("/v1/files").status_code == 200
        assert uploads[1].finish() == 201
    after = value(limiting.metrics(), "cloakroom_limited_requests_total", limit="concurrent_requests")
    assert after == before + 3
    assert exactly_the_limit(fresh)


def test_one_after_the_other_needs_one_place(limiting, fresh):
    with uploading(fresh, REQUESTS - 1):
        for _ in range(100):
            # Each on a connection of its own: nothing but the answer says that the one before is over.
            response = http("GET", limiting.api + "/v1/files", headers={"Authorization": f"Bearer {fresh.key}"})
            assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/files", 200),
        ("GET", "/v1/files?limit=0", 400),
        ("GET", f"/v1/files/{UNKNOWN}", 404),
        ("GET", f"/v1/files/{UNKNOWN}/download", 404),
        ("HEAD", f"/v1/files/{UNKNOWN}/download", 404),
        ("DELETE", f"/v1/files/{UNKNOWN}", 404),
        ("POST", "/v1/files/upload", 400),
        ("POST", "/v1/files", 400),
        ("POST", f"/v1/files/{UNKNOWN}/upload-url", 404),
        ("POST", f"/v1/files/{UNKNOWN}/revoke-urls", 404),
        ("POST", "/v1/files/resolve", 403),
        ("POST", "/v1/inputs/resolve", 403),
        ("GET", "/v1/keys", 403),
    ],
)
def test_every_route_gives_its_place_back(fresh, method, path, status):
    for _ in range(3 * REQUESTS):
        response = fresh.request(method, path, json={} if method == "POST" else None)
        assert response.status_code == status
    assert exactly_the_limit(fresh)


def test_downloads_of_every_kind_give_their_place_back(fresh):
    path = f"/v1/files/{fresh.upload(os.urandom(600_000))}/download"
    for _ in range(3 * REQUESTS):
        for method, headers, status in (
            ("GET", {}, 200),
            ("GET", {"Range": "bytes=0-9"}, 206),
            ("GET", {"Range": "bytes=600000-"}, 416),
            ("GET", {"If-None-Match": "*"}, 304),
            ("GET", {"If-Match": '"other"'}, 412),
            ("GET", {"Accept": "application/json"}, 200),
            ("HEAD", {}, 200),
        ):
            assert fresh.request(method, path, headers=headers).status_code == status
        assert fresh.get(path + "?redirect=true", allow_redirects=False).status_code == 307
    assert exactly_the_limit(fresh)


def test_bodies_that_are_refused_give_their_place_back(fresh):
    for _ in range(3 * REQUESTS):
        with UnderWay(fresh, x_amz_checksum_sha256="A" * 43 + "=") as upload:
            assert (upload.began, upload.finish()) == (100, 400)
    assert exactly_the_limit(fresh)


@pytest.mark.parametrize("ends", ["close", "reset"])
def test_an_upload_that_is_broken_off_gives_its_place_back(fresh, ends):
    for _ in range(3):
        with uploading(fresh) as uploads:
            over_the_limit(fresh.get("/v1/files"))
            for upload in uploads:
                upload.send(b"b")
                getattr(upload, ends)()
            eventually(lambda: fresh.get("/v1/files").status_code == 200)
        eventually(lambda: all_are_free(fresh))


def all_are_free(client):
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(UnderWay(client)) for _ in range(REQUESTS)]
        began = [upload.began for upload in uploads]
        # They end by themselves, so that the next look finds what it would without this one.
        for upload in uploads:
            if upload.began == 100:
                assert upload.finish() == 201
    return began == [100] * REQUESTS


def download(client, path, connection=None):
    """A download whose client has read the head and takes no more."""
    connection = connection or Held(address(client.server.api))
    connection.begin_download(client.server.api + path, f"Authorization: Bearer {client.key}")
    return connection


@pytest.fixture(scope="module")
def large(limiting):
    return f"/v1/files/{limiting.client('default').upload(os.urandom(LARGE))}/download"


def test_a_download_is_under_way_until_its_bytes_are_out(fresh, large):
    with contextlib.ExitStack() as stack:
        downloads = [stack.enter_context(download(fresh, large)) for _ in range(REQUESTS)]
        over_the_limit(fresh.get("/v1/files"))
        assert downloads[0].end_download() == LARGE
        eventually(lambda: fresh.get("/v1/files").status_code == 200)
        download(fresh, large, downloads[0])
        over_the_limit(fresh.get("/v1/files"))
        assert [connection.end_download() for connection in downloads] == [LARGE] * REQUESTS
    eventually(lambda: all_are_free(fresh))
    assert exactly_the_limit(fresh)


@pytest.mark.parametrize("ends", ["close", "reset"])
def test_a_download_that_is_broken_off_gives_its_place_back(fresh, large, ends):
    for _ in range(3):
        downloads = [download(fresh, large) for _ in range(REQUESTS)]
        over_the_limit(fresh.get("/v1/files"))
        for connection in downloads:
            getattr(connection, ends)()
        eventually(lambda: all_are_free(fresh))
    assert exactly_the_limit(fresh)


def test_a_download_whose_client_goes_before_the_answer_gives_its_place_back(fresh, large):
    request = head("GET", fresh.server.api + large, f"Authorization: Bearer {fresh.key}")
    for _ in range(20):
        connection = Held(address(fresh.server.api))
        connection.send(request)
        connection.reset()
    eventually(lambda: all_are_free(fresh))
    assert exactly_the_limit(fresh)


def test_other_keys_are_not_concerned(limiting, fresh):
    other = limiting.client("default")
    with uploading(fresh), uploading(other):
        over_the_limit(fresh.get("/v1/files"))
        over_the_limit(other.get("/v1/files"))
        assert limiting.client("default").get("/v1/files").status_code == 200


def test_what_has_no_valid_key_has_no_place(limiting, fresh):
    with uploading(fresh):
        for _ in range(3 * REQUESTS):
            assert http("GET", limiting.api + "/v1/files").status_code == 401
            wrong = {"Authorization": f"Bearer {fresh.key[:-1]}x"}
            assert http("GET", limiting.api + "/v1/files", headers=wrong).status_code == 401
            assert http("GET", limiting.api + "/openapi.yaml").status_code == 200


def test_a_gateway_is_not_limited(limiting):
    gateway = limiting.client(gateway=True)
    with uploading(gateway, 5 * REQUESTS, X_Organization_ID="default"):
        assert gateway.get("/v1/files", headers={"X-Organization-ID": "default"}).status_code == 200


def test_presigned_urls_are_not_limited(limiting, fresh):
    url = fresh.url(fresh.upload(b"bytes"))
    ticket = fresh.mint(5)
    with uploading(fresh):
        assert http("GET", url).content == b"bytes"
        assert put(ticket["upload_url"], b"bytes").status_code == 200


def test_many_at_once_are_answered_or_refused(limiting, fresh):
    statuses = []

    def run():
        with requests.Session() as session:
            for _ in range(50):
                fields = {"Authorization": f"Bearer {fresh.key}"}
                statuses.append(session.get(limiting.api + "/v1/files", headers=fields, timeout=60).status_code)

    threads = [threading.Thread(target=run) for _ in range(8 * REQUESTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 50 * len(threads)
    assert 200 in statuses and set(statuses) <= {200, 429}
    assert exactly_the_limit(fresh)


def test_both_limits_of_a_key_hold():
    with Server("--concurrent-requests-per-key", str(REQUESTS), "--requests-per-second", "1000") as server:
        client = server.client()
        with uploading(client):
            response = client.get("/v1/files")
            over_the_limit(response)
            assert response.headers["RateLimit-Policy"] == '"key";q=1000;w=1'


def test_requests_are_not_limited_by_default(client):
    with uploading(client, 50):
        response = client.get("/v1/files?limit=1")
        assert (response.status_code, "Retry-After" in response.headers) == (200, False)


# Configuration.


@pytest.mark.parametrize("limit", [0, 1])
def test_the_variables_set_them(monkeypatch, limit):
    monkeypatch.setenv("CLOAKROOM_CONCURRENT_REQUESTS_PER_KEY", str(limit))
    monkeypatch.setenv("CLOAKROOM_CONNECTIONS_PER_ADDRESS", str(2 * limit))
    with Server() as server:
        client = server.client()
        with uploading(client, 1):
            assert client.get("/v1/files").status_code == (429 if limit else 200)
            response = http("GET", server.storage + "/files/x")
            assert response.status_code == (503 if limit else 403)


def test_the_file_sets_them(tmp_path):
    file = tmp_path / "cloakroom.json"
    file.write_text(json.dumps({"concurrent-requests-per-key": 1, "connections-per-address": 2}))
    with Server("--config", str(file)) as server:
        client = server.client()
        with uploading(client, 1):
            assert client.get("/v1/files").status_code == 429
            assert http("GET", server.storage + "/files/x").status_code == 503


@pytest.mark.parametrize(
    ("key", "largest"), [("concurrent-requests-per-key", 100_000), ("connections-per-address", 1_000_000)]
)
def test_a_bad_value_is_named(tmp_path, key, largest):
    file = tmp_path / "cloakroom.json"
    for wrong in ("-1", str(largest + 1), "1.5", "many"):
        file.write_text(json.dumps({key: wrong}))
        for options, env in (
            ([f"--{key}={wrong}"], {}),
            ([], {"CLOAKROOM_" + key.upper().replace("-", "_"): wrong}),
            (["--config", str(file)], {}),
        ):
            result = command("serve", *options, data_dir=tmp_path / "data", check=False, env=env)
            assert result.returncode == 64
            assert key in result.stderr and wrong in result.stderr and f"0 to {largest}" in result.stderr
    assert not (tmp_path / "data").exists()
    with Server(f"--{key}={largest}") as server:
        assert server.client().get("/v1/files").status_code == 200
