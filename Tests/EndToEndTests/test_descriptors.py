"""No descriptors: the connections that there are go on, and no restart afterwards."""

import contextlib
import http.client
import os
import pathlib
import resource
import shlex
from unittest import mock

import cloakroom
import pytest
from cloakroom import EVIDENCE, Server
from exhaustion import OWN_FILE, PNG, check, check_restarted, eventually, stored
from raw import Connection
from test_idempotency import at_once


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
