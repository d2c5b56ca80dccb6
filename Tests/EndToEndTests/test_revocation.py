"""revoke-urls: every URL of a file that was issued before is dead, the file and later URLs are not."""

import json
import os
import signal
import socket
import time
import uuid

import pytest
from cloakroom import Server, error_code, http, put
from raw import Connection, head
from signing import presign, s3
from test_api import error

DATA = os.urandom(100_000)


@pytest.fixture
def file_id(client):
    return client.upload(DATA)


def revoke(client, file_id):
    response = client.post(f"/v1/files/{file_id}/revoke-urls")
    assert (response.status_code, response.content) == (204, b"")


def is_dead(response):
    return response.status_code == 403 and error_code(response) == "AccessDenied"


def test_urls_issued_before_are_dead_and_later_ones_work(client, file_id):
    old = client.url(file_id)
    assert http("GET", old).content == DATA
    revoke(client, file_id)
    assert is_dead(http("GET", old))
    assert http("GET", client.url(file_id)).content == DATA
    assert is_dead(http("GET", old))


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9"},
        {"Range": "bytes=-1"},
        {"Range": "bytes=100000-"},
        {"If-None-Match": "*"},
        {"If-Match": '"other"'},
        {"Origin": "https://example.com"},
    ],
)
def test_no_header_brings_a_dead_url_back(client, file_id, headers):
    url = client.url(file_id)
    revoke(client, file_id)
    assert is_dead(http("GET", url, headers=headers))
    answer = http("HEAD", url, headers=headers)
    assert (answer.status_code, answer.content) == (403, b"")


def test_the_answer_is_an_error_like_any_other(client, file_id):
    url = client.url(file_id)
    revoke(client, file_id)
    answer = http("GET", url)
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Access-Control-Allow-Origin"] == "*"
    answer = http("GET", url, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["Error"]["Code"]) == (403, "AccessDenied")
    forged = http("GET", url[:-1] + ("0" if url[-1] != "0" else "1"))
    assert (forged.status_code, error_code(forged)) == (403, "SignatureDoesNotMatch")


def test_upload_urls_are_dead_too(client):
    ticket = client.mint(len(DATA))
    path = f"/v1/files/{ticket['file_id']}"
    renewed = client.post(path + "/upload-url").json()["upload_url"]
    revoke(client, ticket["file_id"])
    for url in (ticket["upload_url"], renewed):
        assert is_dead(put(url, DATA))
    assert client.get(path).json()["status"] == "pending"
    assert put(client.post(path + "/upload-url").json()["upload_url"], DATA).status_code == 200
    assert client.get(path + "/download").content == DATA
    # A URL that has done its work dies as well.
    assert is_dead(put(ticket["upload_url"], DATA))


def test_the_body_for_a_dead_url_is_not_read(server, client):
    ticket = client.mint(1_000_000)
    revoke(client, ticket["file_id"])
    fields = ["Content-Type: image/png", "Content-Length: 1000000", "Expect: 100-continue"]
    with Connection(server.storage_address) as connection:
        connection.send(head("PUT", ticket["upload_url"], *fields))
        status, sent, body = connection.response()
        assert (status, b"<Code>AccessDenied</Code>" in body, sent["connection"]) == (403, True, "close")


def test_a_new_url_works_at_once_however_often(client, file_id):
    url = client.url(file_id)
    for _ in range(60):
        revoke(client, file_id)
        fresh = client.url(file_id)
        assert http("GET", fresh).status_code == 200
        assert is_dead(http("GET", url))
        url = fresh


def test_a_new_upload_url_works_at_once_however_often(client):
    for _ in range(20):
        ticket = client.mint(5)
        revoke(client, ticket["file_id"])
        fresh = client.post(f"/v1/files/{ticket['file_id']}/upload-url").json()["upload_url"]
        assert is_dead(put(ticket["upload_url"], b"bytes"))
        assert put(fresh, b"bytes").status_code == 200
        revoke(client, ticket["file_id"])
        assert is_dead(put(fresh, b"bytes"))


def test_every_way_to_a_url_gives_one_that_works_or_died(server, client, file_id):
    gateway = server.client(gateway=True)

    def resolved():
        body = {"organization_id": "default", "file_ids": [file_id]}
        return gateway.post("/v1/files/resolve", json=body).json()["files"][file_id]["url"]

    def in_an_input():
        body = {"organization_id": "default", "input": file_id}
        return gateway.post("/v1/inputs/resolve", json=body).json()["input"]

    def redirected():
        response = client.get(f"/v1/files/{file_id}/download?redirect=true", allow_redirects=False)
        return response.headers["Location"]

    ways = [lambda: client.url(file_id), resolved, in_an_input, redirected]
    old = [way() for way in ways]
    revoke(client, file_id)
    for url in [way() for way in ways]:
        assert http("GET", url).content == DATA
    for url in old:
        assert is_dead(http("GET", url))


def test_urls_that_boto3_signed_before_are_dead_and_later_ones_work(server, client, file_id):
    ticket = client.mint(len(DATA))
    upload = {"Bucket": "uploads", "Key": ticket["file_id"], "ContentType": "image/png"}
    urls = [s3(server).generate_presigned_url("get_object", Params={"Bucket": "files", "Key": file_id})]
    urls.append(presign(server, "GET", f"/files/{file_id}", expires=60))
    assert all(http("GET", url).status_code == 200 for url in urls)
    uploading = s3(server).generate_presigned_url("put_object", Params=upload)
    for file in (ticket["file_id"], file_id):
        revoke(client, file)
    assert all(is_dead(http("GET", url)) for url in urls)
    assert is_dead(put(uploading, DATA))
    deadline = time.monotonic() + 5
    while (answer := http("GET", presign(server, "GET", f"/files/{file_id}"))).status_code != 200:
        assert is_dead(answer) and time.monotonic() < deadline, "what others sign later does not work"
        time.sleep(0.1)
    assert put(s3(server).generate_presigned_url("put_object", Params=upload), DATA).status_code == 200


def test_an_open_connection_hears_of_it(server, client, file_id):
    url = client.url(file_id)
    with Connection(server.storage_address) as connection:
        for _ in range(3):
            connection.send(head("GET", url))
            assert connection.response()[::2] == (200, DATA)
        revoke(client, file_id)
        connection.send(head("GET", url))
        status, _, body = connection.response()
        assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
        connection.send(head("GET", client.url(file_id)))
        assert connection.response()[::2] == (200, DATA)


def test_other_files_keep_their_urls(client, file_id):
    others = [client.upload(b"other") for _ in range(3)]
    pending = client.mint(5)
    urls = [client.url(other) for other in others]
    revoke(client, file_id)
    assert [http("GET", url).content for url in urls] == [b"other"] * 3
    assert put(pending["upload_url"], b"other").status_code == 200


def test_the_file_itself_stays(client, file_id):
    before = client.get(f"/v1/files/{file_id}").json()
    revoke(client, file_id)
    revoke(client, file_id)
    assert client.get(f"/v1/files/{file_id}").json() == before
    assert client.get(f"/v1/files/{file_id}/download").content == DATA


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_dead_urls_stay_dead_after_a_restart(how):
    # On a port of its own, which its URLs outlive the process with.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Server(f"--storage-address=127.0.0.1:{port}") as server:
        client = server.client()
        revoked, kept = client.upload(b"revoked"), client.upload(b"kept")
        ticket = client.mint(5)
        old, other = client.url(revoked), client.url(kept)
        assert http("GET", old).status_code == http("GET", other).status_code == 200
        revoke(client, revoked)
        revoke(client, ticket["file_id"])
        fresh = client.url(revoked)
        server.stop(how)
        server.start()
        assert is_dead(http("GET", old))
        assert is_dead(put(ticket["upload_url"], b"bytes"))
        assert (http("GET", fresh).content, http("GET", other).content) == (b"revoked", b"kept")
        assert http("GET", client.url(revoked)).content == b"revoked"
        revoke(client, revoked)
        assert is_dead(http("GET", fresh))


def test_only_the_owner_revokes(server, client, file_id):
    url = client.url(file_id)
    foreign = server.client("revoking-elsewhere")
    deleted = client.upload(b"deleted")
    client.delete(f"/v1/files/{deleted}")
    answers = []
    for asking, wanted in ((foreign, file_id), (client, deleted), (client, f"file_{uuid.uuid4()}"), (client, "file_x")):
        response = asking.post(f"/v1/files/{wanted}/revoke-urls")
        answers.append(json.dumps({**error(response, 404, "FILE_NOT_FOUND"), "request_id": None}))
    assert len(set(answers)) == 1
    error(server.client("default", "files:read").post(f"/v1/files/{file_id}/revoke-urls"), 403, "FORBIDDEN")
    assert http("POST", f"{server.api}/v1/files/{file_id}/revoke-urls").status_code == 401
    assert http("GET", url).status_code == 200
    gateway = server.client(gateway=True)
    path = f"/v1/files/{file_id}/revoke-urls"
    assert gateway.post(path, headers={"X-Organization-ID": "default"}).status_code == 204
    assert is_dead(http("GET", url))
