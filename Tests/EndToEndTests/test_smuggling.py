"""Ambiguous requests: refused, or read in the one way that the RFCs leave, and what is hidden in them never runs."""

import contextlib
import hashlib

import pytest
from cloakroom import Server, http
from raw import Connection, address_of, target
from smuggling import CASES
from smuggling_case import API, CHUNKED, STORAGE
from smuggling_play import play, problems
from smuggling_scenes import api_scene, operations_scene, storage_scene

SCENES = {STORAGE: storage_scene, API: api_scene}


@pytest.fixture(scope="module")
def owner(server):
    return server.client("smuggling")


def is_well(server):
    return server.process.poll() is None and http("GET", server.operations + "/healthz").status_code == 200


@pytest.mark.parametrize("origin", SCENES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_hidden_runs(server, owner, case, origin):
    scene = SCENES[origin](server, owner, case)
    found = problems(case, scene, play(case, scene))
    assert not found, f"{case.clause}: {'; '.join(found)}"
    assert is_well(server)


@pytest.mark.parametrize("origin", SCENES)
@pytest.mark.parametrize("case", [case for case in CASES if not case.waits], ids=lambda case: case.name)
def test_the_same_a_few_bytes_at_a_time(server, owner, case, origin):
    """A parser that is fed in pieces must not read anything else than one that is fed at once."""
    if len(case.message) > 5_000:
        pytest.skip("as good as endless in pieces")
    scene = SCENES[origin](server, owner, case)
    found = problems(case, scene, play(case, scene, piece=3))
    assert not found, f"{case.clause}: {'; '.join(found)}"


def test_the_operations_listener_outlives_every_case(server):
    scene = operations_scene(server)
    for case in CASES:
        statuses = [status for status, _ in play(case, scene, patience=2).answers]
        assert not {500, 502, 503, 504} & set(statuses), case.name
        assert is_well(server), case.name


def test_there_are_cases_enough():
    assert len(CASES) >= 80 and len({case.name for case in CASES}) == len(CASES)
    assert all(case.clause.startswith("RFC ") for case in CASES)


@pytest.mark.parametrize("origin", SCENES)
def test_what_follows_a_refusal_is_thrown_away(server, owner, origin):
    url = owner.url(owner.upload(b"seen")) if origin == STORAGE else server.api + "/v1/files"
    path, authority = target(url)
    key = f"Authorization: Bearer {owner.key}\r\n" if origin == API else ""
    good = f"GET {path} HTTP/1.1\r\nHost: {authority}\r\n{key}\r\n".encode()
    with Connection(address_of(url.removesuffix(path))) as connection:
        connection.send(good.replace(b"Host:", b"Host :"))
        assert connection.response()[0] == 400
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.send(good)
        assert connection.buffer == b"" and connection.is_closed()
    assert is_well(server)


FLOODS = {
    "fields": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A: b\r\n" * 1_000),
    "one value": (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"b" * 8_000),
    "one name": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A" * 8_000),
    "one target": (b"GET /", b"a" * 8_000),
    "empty lines": (b"", b"\r\n" * 4_000),
}


@pytest.mark.parametrize("origin", SCENES)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_head_that_never_ends_costs_no_memory(flood, origin):
    """It is cut off, but for empty lines before a head, which are part of none."""
    start, more = FLOODS[flood]
    with Server() as own:
        own.client().upload(b"warm")
        before = own.resident_kilobytes()
        with Connection(address_of(own.storage if origin == STORAGE else own.api)) as connection:
            was_cut_off = False
            try:
                connection.send(start)
                for _ in range(8_000):
                    connection.send(more)
            except ConnectionError:
                was_cut_off = True
            assert was_cut_off or flood == "empty lines"
            assert own.resident_kilobytes() - before < 16 * 1024
        assert is_well(own)


@pytest.mark.parametrize("origin", SCENES)
@pytest.mark.parametrize("endless", [b"3;" + b"a" * 8_000, b"0\r\n" + b"A: b\r\n" * 1_000], ids=["extension", "trailers"])
def test_what_goes_with_chunks_costs_no_memory(endless, origin):
    with Server() as own:
        client = own.client()
        client.upload(b"warm")
        scene = SCENES[origin](own, client, CASES[0])
        before = own.resident_kilobytes()
        with Connection(scene.address) as connection:
            with contextlib.suppress(ConnectionError):  # cut off
                connection.send(scene.fill(CHUNKED) + endless)
                for _ in range(4_000):
                    connection.send(endless[3:])
            assert own.resident_kilobytes() - before < 16 * 1024
        assert is_well(own)


def test_a_key_in_a_trailer_does_not_count(server, owner):
    """Trailers are not merged into the head (RFC 9110 §6.5.1)."""
    authority = server.api.removeprefix("http://")
    head = f"POST /v1/files?filename=a.png HTTP/1.1\r\nHost: {authority}\r\nContent-Type: image/png\r\n"
    with Connection(address_of(server.api)) as connection:
        connection.send(
            f"{head}Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n"
            f"3\r\nabc\r\n0\r\nAuthorization: Bearer {owner.key}\r\n\r\n".encode()
        )
        assert connection.response()[0] == 401


def test_a_type_in_a_trailer_does_not_count(server, owner):
    ticket = owner.mint(3)
    path, authority = target(ticket["upload_url"])
    with Connection(server.storage_address) as connection:
        connection.send(
            f"PUT {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
            f"3\r\nabc\r\n0\r\nContent-Type: text/html\r\n\r\n".encode()
        )
        assert connection.response()[0] == 200
    record = owner.get(f"/v1/files/{ticket['file_id']}").json()
    assert (record["content_type"], record["sha256"]) == ("image/png", hashlib.sha256(b"abc").hexdigest())


def test_no_field_of_a_request_comes_back_as_a_field_of_the_answer(server, owner):
    """Neither origin repeats what it was sent where a cache or browser would take it for the server's own."""
    path, authority = target(owner.url(owner.upload(b"seen")))
    lines = "Set-Cookie: a=b\r\nX-Injected: c\r\nX-Request-ID: mine\r\nX-Forwarded-Host: evil.example\r\n"
    key = f"Authorization: Bearer {owner.key}\r\n"
    for address, route, fields in (
        (server.storage_address, path, ""),
        (address_of(server.api), "/v1/files", key),
        (address_of(server.api), "/nowhere", key),
    ):
        with Connection(address) as connection:
            connection.send(f"GET {route} HTTP/1.1\r\nHost: {authority}\r\n{lines}{fields}\r\n".encode())
            _, answered, body = connection.response()
            assert "set-cookie" not in answered and "x-injected" not in answered
            assert "mine" not in answered.values() and not any("evil.example" in value for value in answered.values())
            assert b"evil.example" not in body
