"""The rate limit of a key: a bucket of N requests that fills again within a second."""

import re
import time

import pytest
from cloakroom import Server, http
from key_limits import ROUTES, fresh, refused_at_start
from test_api import error

RATE = 5


@pytest.fixture(scope="module")
def limiting():
    with Server("--requests-per-second", str(RATE)) as server:
        yield server


def left(response):
    """What is left, and when the bucket is full again."""
    assert response.headers["RateLimit-Policy"] == f'"key";q={RATE};w=1'
    return tuple(map(int, re.fullmatch(r'"key";r=(\d+);t=(\d+)', response.headers["RateLimit"]).groups()))


def limit_headers(response):
    return [name for name in response.headers if name.lower().startswith(("ratelimit", "retry-after"))]


def exhaust(client, method="GET", path="/v1/files"):
    """Asks until the answer is 429."""
    for _ in range(100):
        response = client.request(method, path, json={} if method == "POST" else None)
        if response.status_code == 429:
            return response
    raise AssertionError("never limited")


def test_the_first_request_leaves_one_less(fresh):
    remaining, reset = left(fresh.get("/v1/files"))
    assert remaining == RATE - 1 and reset in (0, 1)


def test_over_the_limit(fresh):
    response = exhaust(fresh)
    assert error(response, 429, "RATE_LIMITED")["details"] == {"limit": RATE}
    assert response.headers["Retry-After"] == "1"
    assert left(response) == (0, 1)


def test_what_is_left_is_said_truly(fresh):
    seen = []
    for _ in range(3 * RATE):
        response = fresh.get("/v1/files")
        seen.append((response.status_code, left(response)))
    for (_, (before, _)), (status, (after, reset)) in zip(seen, seen[1:]):
        assert after >= before - 1
        assert status == 200 or after == 0
        assert reset >= 1 or after > 0
    assert max(remaining for _, (remaining, _) in seen) == RATE - 1


@pytest.mark.parametrize(("method", "path", "status"), ROUTES)
def test_every_route_says_and_keeps_the_limit(fresh, method, path, status):
    response = fresh.request(method, path, json={} if method == "POST" else None)
    assert response.status_code == status
    assert left(response)[0] == RATE - 1
    assert left(exhaust(fresh, method, path))[0] == 0


def test_bytes_say_it_too(limiting):
    file_id = limiting.client("default").upload(b"bytes")
    for headers, status in (({}, 200), ({"Range": "bytes=0-1"}, 206), ({"If-None-Match": "*"}, 304)):
        response = limiting.client("default").get(f"/v1/files/{file_id}/download", headers=headers)
        assert (response.status_code, left(response)[0]) == (status, RATE - 1)
    response = limiting.client("default").delete(f"/v1/files/{file_id}")
    assert (response.status_code, left(response)[0]) == (204, RATE - 1)


def test_other_keys_are_not_concerned(limiting, fresh):
    exhaust(fresh)
    response = limiting.client("default").get("/v1/files")
    assert (response.status_code, left(response)[0]) == (200, RATE - 1)
    assert limiting.client("acme").get("/v1/files").status_code == 200


def test_a_gateway_is_not_limited(limiting):
    gateway = limiting.client(gateway=True)
    for _ in range(10 * RATE):
        response = gateway.get("/v1/files", headers={"X-Organization-ID": "default"})
        assert response.status_code == 200 and limit_headers(response) == []


def test_presigned_urls_are_not_limited(limiting):
    client = limiting.client("default")
    url = client.url(client.upload(b"bytes"))
    for _ in range(10 * RATE):
        response = http("GET", url)
        assert response.status_code == 200 and limit_headers(response) == []


def test_without_a_key_there_is_no_limit(limiting):
    for path, status in (("/openapi.yaml", 200), ("/v1/files", 401)):
        for _ in range(4 * RATE):
            response = http("GET", limiting.api + path)
            assert response.status_code == status and limit_headers(response) == []


def test_it_is_over_after_a_second(fresh):
    exhaust(fresh)
    time.sleep(1.05)
    answers = [fresh.get("/v1/files") for _ in range(RATE)]
    assert [answer.status_code for answer in answers] == [200] * RATE
    assert left(answers[0])[0] == RATE - 1


def test_whoever_goes_on_gets_the_rate_and_no_more(fresh):
    started, passed = time.monotonic(), 0
    while (elapsed := time.monotonic() - started) < 1.5:
        passed += fresh.get("/v1/files").status_code == 200
    elapsed = time.monotonic() - started
    assert RATE + 0.6 * RATE * elapsed <= passed <= RATE + RATE * elapsed + 1


def test_it_is_off_by_default(client):
    for _ in range(50):
        response = client.get("/v1/files?limit=1")
        assert response.status_code == 200 and limit_headers(response) == []


@pytest.mark.parametrize("value", [0, 1, 1_000_000])
def test_the_variable_sets_it(monkeypatch, value):
    monkeypatch.setenv("CLOAKROOM_REQUESTS_PER_SECOND", str(value))
    with Server() as server:
        response = server.client().get("/v1/files")
        assert response.headers.get("RateLimit-Policy") == (f'"key";q={value};w=1' if value else None)


@pytest.mark.parametrize("value", ["-1", "1000001", "1.5", "fast", ""])
def test_a_bad_value_is_named(tmp_path, value):
    refused_at_start(tmp_path, "requests-per-second", value)
