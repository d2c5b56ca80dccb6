"""A server that limits the connections of an address, and clients that hold as many as they get."""

import contextlib

import pytest
from cloakroom import Server
from held_connections import Held, eventually
from raw import address_of
from test_operations import value

CONNECTIONS = 3

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
        held.append(Held(address_of(base), source))
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
        with Held(address_of(server.storage), source) as connection:
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
    with Held(address_of(server.storage), source) as connection:
        connection.send(OPTIONS)
        return connection.status() == 204
