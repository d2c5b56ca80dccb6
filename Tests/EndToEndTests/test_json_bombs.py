"""Every route that takes JSON, given bombs: a success or a short refusal, and the server is well."""

import concurrent.futures
import json

import pytest
from cloakroom import put
from json_bombs import ASKED_FOR, DOCUMENTS, MEBIBYTE, REFUSED, TAKEN, VALUES
from json_routes import ROUTES, STRICT, routes, send
from test_api import error, fields
from untouched import BYTES, gateway, owner, real, untouched


def judge(response, succeeded, verdict):
    """A success or a clear refusal, as the verdict has it; never a long one."""
    assert succeeded or verdict != TAKEN, response.text[:500]
    assert not succeeded or verdict != REFUSED
    if not succeeded:
        error(response, 400, "INPUT_VALIDATION_ERROR")
        assert len(response.content) < 20_000, "the answer repeats the bomb"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", VALUES)
def test_a_bomb_in_a_member_that_is_not_asked_for(routes, route, name):
    text, verdict = VALUES[name]
    verdict = REFUSED if route in STRICT else verdict
    for change in (lambda good: f'{good[:-1]}, "x": {text}}}', lambda good: f'{{"x": {text}, {good[1:]}'):
        response, succeeded = send(routes, route, change)
        judge(response, succeeded, verdict)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bomb_in_the_place_of_a_body(routes, route, name):
    change, verdict = DOCUMENTS[name]
    verdict = REFUSED if route in STRICT and name == "100,000 members" else verdict
    response, succeeded = send(routes, route, change)
    judge(response, succeeded, verdict)


@pytest.mark.parametrize("route", ROUTES)
def test_a_byte_more_than_a_body_may_have_is_refused(routes, route):
    response, _ = send(routes, route, lambda good: good + " " * (MEBIBYTE + 1 - len(good)))
    error(response, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(("route", "member", "text"), ASKED_FOR, ids=range(len(ASKED_FOR)))
def test_a_bomb_in_a_member_that_is_asked_for(routes, route, member, text):
    text = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")

    def change(good):
        others = {name: value for name, value in json.loads(good).items() if name != member}
        return json.dumps({**others, member: 0})[:-2].encode() + text + b"}"

    response, succeeded = send(routes, route, change)
    judge(response, succeeded, REFUSED)


NUMBERS = [
    "-", "-0", "0", "1-2", "1+2", "1.2.3", "--1", "-1", "+1", "0123", "1e", "1e+", "1e1e1", "1.", ".5", "0x10", "1_000", "\u0661",
    "1e-1", "Infinity", "-Infinity", "NaN", "1f", "0b1", "1 2",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_size_is_refused(owner, number):
    body = f'{{"filename": "a", "content_type": "{BYTES}", "size_bytes": {number}}}'
    error(owner.post("/v1/files/upload", data=body.encode()), 400, "INPUT_VALIDATION_ERROR")


@pytest.mark.parametrize("name", ['"\\ud800"', '"a\\udc00.bin"', '"\\ud83d\\u0041"'])
def test_a_filename_with_half_a_character_is_refused(owner, name):
    body = f'{{"filename": {name}, "content_type": "{BYTES}", "size_bytes": 1}}'
    assert fields(owner.post("/v1/files/upload", data=body)) == ["filename"]


def test_many_bombs_at_once_leave_the_server_well(server, owner, routes):
    bombs = [VALUES[name][0] for name in VALUES if VALUES[name][1] == REFUSED] * 4

    def explode(number):
        text = bombs[number]
        response, succeeded = send(routes, ROUTES[number % len(ROUTES)], lambda good: f'{good[:-1]}, "x": {text}}}')
        return succeeded, response.status_code

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        exploding = [pool.submit(explode, number) for number in range(len(bombs))]
        data = b"bytes beside bombs"
        for _ in range(20):
            ticket = owner.mint(len(data), "a.bin", BYTES)
            assert put(ticket["upload_url"], data, BYTES).status_code == 200
        assert {bomb.result() for bomb in exploding} == {(False, 400)}
    assert server.resident_kilobytes() < 300 * 1024
