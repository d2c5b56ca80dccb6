"""The most requests of a key at a time."""

import concurrent.futures
import contextlib
import os

import pytest
import requests
from cloakroom import Server, http, put
from held_connections import LARGE, Held, eventually
from key_limits import ROUTES, UNKNOWN, fresh
from raw import address_of, head
from test_api import error
from test_operations import value
from under_way import REQUESTS, UnderWay, uploading


@pytest.fixture(scope="module")
def limiting():
    with Server("--concurrent-requests-per-key", str(REQUESTS)) as server:
        yield server


def over_the_limit(response):
    found = error(response, 429, "RATE_LIMITED")
    assert found["details"] == {"limit": REQUESTS} and f"{REQUESTS} concurrent requests" in found["message"]
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


@pytest.mark.parametrize(("method", "path", "status"), ROUTES)
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
    connection = connection or Held(address_of(client.server.api))
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
        connection = Held(address_of(fresh.server.api))
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

    with concurrent.futures.ThreadPoolExecutor(8 * REQUESTS) as threads:
        for done in [threads.submit(run) for _ in range(8 * REQUESTS)]:
            done.result()
    assert len(statuses) == 50 * 8 * REQUESTS
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
