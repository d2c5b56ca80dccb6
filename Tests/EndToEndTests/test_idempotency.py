"""Idempotency-Key: the same key and the same request are the same file, whatever happens in between."""

import concurrent.futures
import hashlib
import itertools
import json
import os
import signal
import threading
import time

import pytest
import requests
from cloakroom import Server, error_code, put
from raw import Connection, exchange, head
from test_api import error, fields

BODY = {"filename": "a.png", "content_type": "image/png", "size_bytes": 5}
NUMBERS = itertools.count()


@pytest.fixture
def key():
    return f"key {next(NUMBERS)}"


def declare(client, key, headers=None, **change):
    return client.post("/v1/files/upload", json={**BODY, **change}, headers={**(headers or {}), "Idempotency-Key": key})


def send(client, key, data=b"bytes", filename="a.png", content_type="image/png", **headers):
    headers = {"Content-Type": content_type, "Idempotency-Key": key, **headers}
    return client.post(f"/v1/files?filename={filename}", data=data, headers=headers)


ROUTES = [(declare, 200), (send, 201)]
routes = pytest.mark.parametrize(("route", "status"), ROUTES, ids=["upload", "direct"])


def file_id(response, status):
    assert response.status_code == status, response.text
    return response.json()["file_id"]


def listed(client):
    return [file["file_id"] for file in client.get("/v1/files?limit=1000").json()["files"]]


def api_address(server):
    host, _, port = server.api.removeprefix("http://").rpartition(":")
    return host, int(port)


def at_once(count, act):
    """Calls a function in so many threads at the same moment; what it returned, by index."""
    barrier = threading.Barrier(count)

    def run(index):
        barrier.wait()
        return act(index)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_the_same_declaration_is_the_same_file(client, key):
    first, second = declare(client, key), declare(client, key)
    assert file_id(first, 200) == file_id(second, 200)
    assert set(first.json()) == set(second.json())
    assert put(second.json()["upload_url"], b"bytes").status_code == 200
    # Also once it is ready.
    third = declare(client, key)
    assert file_id(third, 200) == file_id(first, 200)
    assert put(third.json()["upload_url"], b"bytes").status_code == 200
    assert listed(client).count(file_id(first, 200)) == 1


@pytest.mark.parametrize("size", [1, 5_000, 65_536, 65_537, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_same_direct_upload_is_the_same_file(server, key, size, chunked):
    client = server.client("idempotent-direct")
    data = os.urandom(size)
    before = len(listed(client))
    answers = [send(client, key, iter([data]) if chunked else data) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert answers[0].json()["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(listed(client)) == before + 1
    other = os.urandom(size - 1) + bytes([data[-1] ^ 1])
    error(send(client, key, iter([other]) if chunked else other), 409, "IDEMPOTENCY_KEY_REUSED")
    assert client.get(f"/v1/files/{answers[0].json()['file_id']}/download").content == data
    assert len(listed(client)) == before + 1


@pytest.mark.parametrize(
    "change",
    [
        {"filename": "b.png"},
        {"filename": "A.png"},
        {"content_type": "application/octet-stream"},
        {"size_bytes": 6},
        {"sha256": hashlib.sha256(b"other").hexdigest()},
        {"sha256": None},
    ],
)
def test_another_declaration_is_refused(client, key, change):
    declared = {"sha256": hashlib.sha256(b"bytes").hexdigest()}
    first = file_id(declare(client, key, **declared), 200)
    before = listed(client)
    error(declare(client, key, **{**declared, **change}), 409, "IDEMPOTENCY_KEY_REUSED")
    assert file_id(declare(client, key, **declared), 200) == first
    assert listed(client) == before


def test_members_that_do_not_matter_do_not_make_another_declaration(client, key):
    first = file_id(declare(client, key), 200)
    assert file_id(declare(client, key, colour="red"), 200) == first
    text = json.dumps(dict(reversed(BODY.items())), indent=3)
    again = client.post("/v1/files/upload", data=text, headers={"Idempotency-Key": key})
    assert file_id(again, 200) == first


@pytest.mark.parametrize(
    "change",
    [
        {"filename": "b.png"},
        {"content_type": "application/octet-stream"},
        {"data": b"BYTES"},
        {"data": b"byte"},
        {"data": b"bytes "},
        {"data": bytes(3_000_000)},
    ],
)
def test_another_direct_upload_is_refused(client, key, change):
    first = file_id(send(client, key), 201)
    before = listed(client)
    error(send(client, key, **change), 409, "IDEMPOTENCY_KEY_REUSED")
    assert file_id(send(client, key), 201) == first
    assert listed(client) == before


@pytest.mark.parametrize("first, second", [ROUTES, ROUTES[::-1]], ids=["upload first", "direct first"])
def test_the_other_route_is_another_request(client, key, first, second):
    (route, status), (other, _) = first, second
    made = file_id(route(client, key), status)
    error(other(client, key), 409, "IDEMPOTENCY_KEY_REUSED")
    assert file_id(route(client, key), status) == made


@routes
def test_keys_belong_to_an_organization(server, client, key, route, status):
    made = file_id(route(client, key), status)
    assert file_id(route(server.client("idempotent-elsewhere"), key), status) != made
    assert file_id(route(server.client("default"), key), status) == made
    gateway = server.client(gateway=True)
    gateway.session.headers["X-Organization-ID"] = "default"
    assert file_id(route(gateway, key), status) == made


@routes
def test_other_keys_and_none_are_other_files(client, key, route, status):
    ids = {file_id(route(client, text), status) for text in (key, key.upper(), key + "x")}
    ids |= {client.mint(5)["file_id"], client.mint(5)["file_id"]}
    assert len(ids) == 5


@routes
@pytest.mark.parametrize("text", ["x", "x" * 255, "inner  spaces", "".join(map(chr, range(0x21, 0x7F)))])
def test_good_keys(server, route, status, text):
    client = server.client("idempotent-good-" + route.__name__)
    assert file_id(route(client, text), status) == file_id(route(client, text), status)


def raw_declaration(server, client, *lines):
    body = json.dumps(BODY).encode()
    lines = [f"Authorization: Bearer {client.key}", f"Content-Length: {len(body)}", *lines]
    status, _, answer = exchange(api_address(server), head("POST", server.api + "/v1/files/upload", *lines) + body)
    return status, json.loads(answer)


def test_keys_are_trimmed(server, client, key):
    made = file_id(declare(client, key), 200)
    for line in (f"Idempotency-Key:{key}", f"idempotency-key: \t {key} \t "):
        status, ticket = raw_declaration(server, client, line)
        assert (status, ticket["file_id"]) == (200, made)


BAD = [[""], ["   "], ["x" * 256], ["caf\xe9"], ["a\tb"], ["same", "same"], ["one", "other"]]


@pytest.mark.parametrize("values", BAD)
def test_bad_keys_are_named(server, client, values):
    before = listed(client)
    lines = [f"Idempotency-Key: {value}" for value in values]
    status, answer = raw_declaration(server, client, *lines)
    assert (status, answer["error"]["code"]) == (400, "INPUT_VALIDATION_ERROR")
    assert [field["field"] for field in answer["error"]["details"]["fields"]] == ["Idempotency-Key"]
    lines += [f"Authorization: Bearer {client.key}", "Content-Type: image/png", "Content-Length: 5"]
    request = head("POST", server.api + "/v1/files?filename=a.png", *lines) + b"bytes"
    status, _, answer = exchange(api_address(server), request)
    details = json.loads(answer)["error"]["details"]
    assert (status, [field["field"] for field in details["fields"]]) == (400, ["Idempotency-Key"])
    assert listed(client) == before


def test_a_bad_key_is_named_beside_other_fields(client):
    assert fields(declare(client, "x" * 256, size_bytes=0)) == ["Idempotency-Key", "size_bytes"]
    assert fields(send(client, "x" * 256, filename="")) == ["Idempotency-Key", "filename"]


def test_a_refused_request_leaves_its_key_free(server, client, key):
    assert fields(declare(client, key, size_bytes=0)) == ["size_bytes"]
    assert declare(server.client("default", "files:read"), key).status_code == 403
    assert fields(send(client, key, **{"x-amz-checksum-sha256": "A" * 43 + "="})) == ["x-amz-checksum-sha256"]
    assert fields(send(client, key, b"")) == ["body"]
    made = file_id(send(client, key), 201)
    error(send(client, key, b"other"), 409, "IDEMPOTENCY_KEY_REUSED")
    assert file_id(send(client, key), 201) == made


@pytest.mark.parametrize("size", [1_000, 3_000_000])
def test_an_upload_that_breaks_off_leaves_its_key_free(server, client, key, size):
    lines = [f"Authorization: Bearer {client.key}", f"Idempotency-Key: {key}", "Content-Type: image/png"]
    with Connection(api_address(server)) as connection:
        url = server.api + "/v1/files?filename=a.png"
        connection.send(head("POST", url, *lines, f"Content-Length: {size}") + b"x" * (size // 2))
    data = os.urandom(size)
    assert send(client, key, data).json()["sha256"] == hashlib.sha256(data).hexdigest()


@routes
@pytest.mark.parametrize("size", [5, 100_000])
def test_30_at_once_make_one_file(server, key, route, status, size):
    client = server.client(f"idempotent-30-{route.__name__}-{size}")
    data = os.urandom(size)
    change = {"size_bytes": size} if route is declare else {"data": data}
    answers = at_once(30, lambda _: route(client, key, **change))
    [made] = {file_id(answer, status) for answer in answers}
    assert listed(client) == [made]
    if route is send:
        assert client.get(f"/v1/files/{made}/download").content == data


@routes
def test_different_requests_at_once_make_one_file(server, key, route, status):
    client = server.client("idempotent-different-" + route.__name__)
    answers = at_once(30, lambda index: route(client, key, filename=f"{index % 2}.png"))
    [made] = {answer.json()["file_id"] for answer in answers if answer.status_code == status}
    winner = client.get(f"/v1/files/{made}").json()["filename"]
    for index, answer in enumerate(answers):
        if f"{index % 2}.png" == winner:
            assert file_id(answer, status) == made
        else:
            error(answer, 409, "IDEMPOTENCY_KEY_REUSED")
    assert listed(client) == [made]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_keys_outlast_the_server(how):
    with Server() as server:
        client = server.client()
        data = os.urandom(100_000)
        made = [file_id(declare(client, "declared"), 200), file_id(send(client, "small"), 201)]
        made.append(file_id(send(client, "large", data), 201))
        server.stop(how)
        server.start()
        again = [file_id(declare(client, "declared"), 200), file_id(send(client, "small"), 201)]
        again.append(file_id(send(client, "large", data), 201))
        assert again == made
        error(declare(client, "declared", size_bytes=6), 409, "IDEMPOTENCY_KEY_REUSED")
        error(send(client, "large", data[::-1]), 409, "IDEMPOTENCY_KEY_REUSED")
        assert sorted(listed(client)) == sorted(made)


def test_every_key_has_one_file_after_a_crash():
    keys = [f"key {number}" for number in range(800)]
    answered = {}
    with Server() as server:
        client = server.client()

        def declare_some(index):
            for key in keys[index::8]:
                try:
                    answered[key] = file_id(declare(client, key), 200)
                except requests.RequestException:
                    return

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            declaring = [pool.submit(declare_some, index) for index in range(8)]
            deadline = time.monotonic() + 30
            while len(answered) < 200:
                assert time.monotonic() < deadline, f"only {len(answered)} answers"
                time.sleep(0.002)
            server.stop(signal.SIGKILL)
        for each in declaring:
            each.result()
        assert len(answered) < len(keys), "all were answered before the crash"
        server.start()
        made = {key: file_id(declare(client, key), 200) for key in keys}
        assert answered.items() <= made.items()
        assert len(set(made.values())) == len(keys)
        assert sorted(listed(client)) == sorted(made.values())


def test_a_deleted_file_is_not_made_again(client, key):
    made = file_id(declare(client, key), 200)
    assert client.delete(f"/v1/files/{made}").status_code == 204
    again = declare(client, key)
    assert file_id(again, 200) == made
    refused = put(again.json()["upload_url"], b"bytes")
    assert (refused.status_code, error_code(refused)) == (404, "NoSuchKey")
    made = file_id(send(client, key + " direct"), 201)
    assert client.delete(f"/v1/files/{made}").status_code == 204
    error(send(client, key + " direct"), 404, "FILE_NOT_FOUND")
    error(send(client, key + " direct", b"other"), 409, "IDEMPOTENCY_KEY_REUSED")
    error(client.get(f"/v1/files/{made}"), 404, "FILE_NOT_FOUND")
