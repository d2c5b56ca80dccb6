"""The most connections of an address at a time: who is served, who is told, and who is closed."""

import contextlib
import json

import pytest
import requests
from cloakroom import element, error_code, http
from connection_limits import (
    CONNECTIONS, OPTIONS, PUBLIC, UPLOAD, connecting, holding, is_served, open_connections, quiet, ready, refused,
    refused_connections,
)  # fmt: skip
from held_connections import Held, eventually
from raw import address_of, head
from test_api import error


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
        with Held(address_of(quiet.storage)) as connection:
            connection.send(b"not HTTP at all\r\n\r\n")
            assert connection.status() == 503


def test_a_body_for_a_connection_too_many_is_not_read(quiet):
    with holding(quiet, storage=CONNECTIONS), Held(address_of(quiet.storage)) as connection:
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
        with Held(address_of(quiet.api)) as connection:
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
            connection = stack.enter_context(Held(address_of(quiet.operations)))
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


def test_a_refused_connection_is_not_waited_for_long(quiet):
    """As long as it is, its address has one place less for others that are to be told."""
    with holding(quiet, storage=1, api=CONNECTIONS - 1):
        for base in (quiet.storage, quiet.api):
            with Held(address_of(base)) as silent, Held(address_of(base)) as slow:
                slow.send(b"GET / HTTP/1.1\r\n")
                assert silent.is_closed() and slow.is_closed()


@pytest.mark.parametrize("origin", ["storage", "api"])
def test_beyond_twice_the_number_connections_are_closed_at_once(quiet, origin):
    request = {"storage": OPTIONS, "api": PUBLIC}[origin]
    with holding(quiet, storage=1, api=CONNECTIONS - 1), contextlib.ExitStack() as stack:
        before = refused_connections(quiet, origin)
        many = [stack.enter_context(Held(address_of(quiet.urls[origin]))) for _ in range(40)]
        for connection in many:
            connection.try_to_send(request)
        # All stay open on this side until the last has been heard.
        answers = [connection.status() for connection in many]
    assert set(answers) == {503, None}
    assert answers.count(503) >= CONNECTIONS
    assert refused_connections(quiet, origin) == before + len(many)


def test_connections_are_not_limited_by_default(server, client):
    url = client.url(client.upload(b"bytes"))
    with contextlib.ExitStack() as stack:
        for base, request, status in ((server.storage, head("GET", url), 200), (server.api, PUBLIC, 200)):
            for _ in range(100):
                connection = stack.enter_context(Held(address_of(base)))
                connection.send(request)
                assert connection.status() == status
    assert refused_connections(server, "storage") == refused_connections(server, "api") == 0
