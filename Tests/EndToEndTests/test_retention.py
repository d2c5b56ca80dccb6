"""Files that end: gone by the clock from every route, and from the disk by the sweep."""

import contextlib
import datetime
import os
import sqlite3
import subprocess
import time
import urllib.parse

import pytest
from cloakroom import BINARY, Server, error_code, http, put
from raw import Connection, head
from signing import presign, s3
from test_api import TIME, error, fields
from test_client_commands import environment, wait_until
from test_operations import value
from test_quotas import rows, set_quotas, usage

# Packed, and in a file of its own.
SIZES = [5_000, 100_000]
sizes = pytest.mark.parametrize("size", SIZES)


@pytest.fixture(scope="module")
def gateway(server):
    return server.client(gateway=True)


@pytest.fixture(scope="module")
def own_server():
    """A server whose disk holds little else."""
    with Server() as server:
        yield server


def seconds(text):
    assert TIME.fullmatch(text), text
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def shown(client, file_id):
    response = client.get(f"/v1/files/{file_id}")
    assert response.status_code == 200, response.text
    return response.json()


def life(file):
    """How many seconds there are between a file's creation and its end."""
    return seconds(file["expires_at"]) - seconds(file["created_at"])


def send(client, data, lifetime=None, **headers):
    end = "" if lifetime is None else f"&expires_after_seconds={lifetime}"
    headers = {"Content-Type": "image/png", **headers}
    return client.post(f"/v1/files?filename=a.png{end}", data=data, headers=headers)


def declare(client, **change):
    body = {"filename": "a.png", "content_type": "image/png", "size_bytes": 5, **change}
    return client.post("/v1/files/upload", json=body)


def wait_for_end(client, file_id, limit=20):
    """Waits until a file is not found any more, and returns the time of that."""
    wait_until(lambda: client.get(f"/v1/files/{file_id}").status_code == 404, limit)
    return time.time()


def parameter(url, name):
    [text] = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)[name]
    return text


# What is asked for


@pytest.mark.parametrize("lifetime", [1_000, 315_360_000])
def test_a_file_has_the_end_that_is_asked_for(client, lifetime):
    ticket = client.mint(5, expires_after_seconds=lifetime)
    # Of a pending file, the end of its upload URL counts, too.
    assert life(shown(client, ticket["file_id"])) == min(lifetime, 3_600)
    assert put(ticket["upload_url"], b"bytes").status_code == 200
    assert life(shown(client, ticket["file_id"])) == lifetime
    for size in SIZES:
        answer = send(client, os.urandom(size), lifetime)
        assert answer.status_code == 201 and life(answer.json()) == lifetime
        assert shown(client, answer.json()["file_id"]) == answer.json()


def test_without_it_a_file_stays(client):
    for ticket in (client.mint(5), client.mint(5, expires_after_seconds=None)):
        assert life(shown(client, ticket["file_id"])) == 3_600
        assert put(ticket["upload_url"], b"bytes").status_code == 200
        assert shown(client, ticket["file_id"])["expires_at"] is None
    assert send(client, b"bytes").json()["expires_at"] is None


@pytest.mark.parametrize("lifetime", [0, -1, 1.5, "5", "", True, 315_360_001, 10**30, [], {}])
def test_a_bad_lifetime_is_named(client, lifetime):
    assert fields(declare(client, expires_after_seconds=lifetime)) == ["expires_after_seconds"]
    assert fields(declare(client, expires_after_seconds=lifetime, size_bytes=0)) == [
        "expires_after_seconds",
        "size_bytes",
    ]


@pytest.mark.parametrize("lifetime", ["", "0", "-1", "1.5", "%2B5", "5s", "null", "315360001", "1" + "0" * 30])
def test_a_bad_lifetime_in_the_query_is_named(client, lifetime):
    before = client.get("/v1/files").json()["files"]
    assert fields(send(client, b"bytes", lifetime)) == ["expires_after_seconds"]
    assert client.get("/v1/files").json()["files"] == before


# URLs end with their file


def seconds_of(date):
    """The seconds of a SigV4 date."""
    return int(datetime.datetime.strptime(date, "%Y%m%dT%H%M%S%z").timestamp())


def test_a_url_lives_no_longer_than_its_file(client, gateway):
    ticket = client.mint(5, expires_after_seconds=100)
    end = seconds(shown(client, ticket["file_id"])["created_at"]) + 100
    renewed = client.post(f"/v1/files/{ticket['file_id']}/upload-url").json()
    for answer in (ticket, renewed):
        url = answer["upload_url"]
        date = seconds_of(parameter(url, "X-Amz-Date"))
        assert int(parameter(url, "X-Amz-Expires")) == end - date <= 100
        assert seconds(answer["expires_at"]) == end
    assert put(renewed["upload_url"], b"bytes").status_code == 200
    path = f"/v1/files/{ticket['file_id']}/download"
    body = {"organization_id": "default", "file_ids": [ticket["file_id"]]}
    resolved = gateway.post("/v1/files/resolve", json=body).json()["files"][ticket["file_id"]]
    body = {"organization_id": "default", "input": {"image": ticket["file_id"]}}
    replaced = gateway.post("/v1/inputs/resolve", json=body).json()
    minted = client.get(path, headers={"Accept": "application/json"}).json()
    for answer in (minted, resolved, replaced["files"][ticket["file_id"]]):
        assert seconds(answer["expires_at"]) == end
    redirected = client.get(path + "?redirect=true", allow_redirects=False).headers["Location"]
    for url in (minted["url"], resolved["url"], replaced["input"]["image"], redirected):
        assert int(parameter(url, "X-Amz-Expires")) == end - seconds_of(parameter(url, "X-Amz-Date")) <= 100
        answer = http("GET", url)
        assert answer.content == b"bytes"
        assert int(answer.headers["Cache-Control"].removeprefix("private, max-age=")) <= 100


def test_a_url_that_is_minted_late_has_what_is_left(client):
    file = send(client, b"bytes", 60).json()
    created = seconds(file["created_at"])
    wait_until(lambda: time.time() >= created + 2)
    url = client.url(file["file_id"])
    assert int(parameter(url, "X-Amz-Expires")) <= 58
    client.post(f"/v1/files/{file['file_id']}/revoke-urls")
    # It is dated ahead of the clock, and ends when the file does nevertheless.
    url = client.url(file["file_id"])
    assert seconds_of(parameter(url, "X-Amz-Date")) + int(parameter(url, "X-Amz-Expires")) == created + 60


def test_a_long_lived_file_has_urls_of_the_usual_length(client):
    file = send(client, b"bytes", 86_400).json()
    assert parameter(client.url(file["file_id"]), "X-Amz-Expires") == "3600"


# The end


def routes(client, gateway, file_id):
    """Every route of the API that leads to a file."""
    path = f"/v1/files/{file_id}"
    json = {"Accept": "application/json"}
    return {
        "show": lambda: client.get(path),
        "bytes": lambda: client.get(path + "/download"),
        "link": lambda: client.get(path + "/download", headers=json),
        "redirection": lambda: client.get(path + "/download?redirect=true", allow_redirects=False),
        "renewal": lambda: client.post(path + "/upload-url"),
        "revocation": lambda: client.post(path + "/revoke-urls"),
        "deletion": lambda: client.delete(path),
        "files": lambda: gateway.post(
            "/v1/files/resolve", json={"organization_id": "default", "file_ids": [file_id]}
        ),
        "input": lambda: gateway.post(
            "/v1/inputs/resolve", json={"organization_id": "default", "input": [file_id]}
        ),
    }


def without_ids(response, file_id):
    return response.text.replace(response.headers["X-Request-ID"], "").replace(file_id, "")


@sizes
@pytest.mark.parametrize("pending", [False, True])
def test_from_its_end_on_no_route_finds_a_file(server, client, gateway, size, pending):
    data = os.urandom(size)
    ticket = client.mint(size, expires_after_seconds=4)
    file_id = ticket["file_id"]
    foreign = presign(server, "GET", f"/files/{file_id}")
    assert file_id in client.get("/v1/files").text
    if not pending:
        assert put(ticket["upload_url"], data).status_code == 200
        # Opened, and resolved: both are in memory when the file ends.
        assert http("GET", foreign).content == data
        resolve = routes(client, gateway, file_id)
        assert resolve["files"]().status_code == resolve["input"]().status_code == 200
    created = seconds(shown(client, file_id)["created_at"])
    ended = wait_for_end(client, file_id)
    assert created + 4 <= ended
    deleted = client.upload(b"deleted")
    client.delete(f"/v1/files/{deleted}")
    known = routes(client, gateway, deleted)
    for name, ask in routes(client, gateway, file_id).items():
        answer = ask()
        error(answer, 404, "FILE_NOT_FOUND")
        assert without_ids(answer, file_id) == without_ids(known[name](), deleted), name
    assert client.request("HEAD", f"/v1/files/{file_id}/download").status_code == 404
    for query in ("", "?status=pending", "?status=ready", "?content_type=image/*"):
        assert file_id not in client.get("/v1/files" + query).text
    refused = http("GET", foreign)
    assert (refused.status_code, error_code(refused)) == (404, "NoSuchKey")
    assert http("HEAD", foreign).status_code == 404


@sizes
def test_a_url_that_outlives_the_file_gets_404(server, client, size):
    data = os.urandom(size)
    signer = s3(server)
    file = send(client, data, 3).json()
    used = presign(server, "GET", f"/files/{file['file_id']}")
    other = signer.generate_presigned_url(
        "get_object", Params={"Bucket": "files", "Key": file["file_id"]}, ExpiresIn=3_600
    )
    assert http("GET", used).content == data
    wait_for_end(client, file["file_id"])
    for url in (used, other):
        for headers in ({}, {"Range": "bytes=0-0"}, {"If-None-Match": "*"}, {"If-Match": '"other"'}):
            answer = http("GET", url, headers=headers)
            assert (answer.status_code, error_code(answer)) == (404, "NoSuchKey")


@sizes
def test_a_file_that_was_never_opened_gets_404(server, client, size):
    file = send(client, os.urandom(size), 2).json()
    wait_for_end(client, file["file_id"])
    answer = http("GET", presign(server, "GET", f"/files/{file['file_id']}"))
    assert (answer.status_code, error_code(answer)) == (404, "NoSuchKey")


@sizes
def test_an_ended_file_takes_no_upload(server, client, size):
    data = os.urandom(size)
    signed = {"Content-Type": "image/png", "Content-Length": str(size)}
    for sent in (False, True):
        ticket = client.mint(size, expires_after_seconds=3)
        if sent:
            assert put(ticket["upload_url"], data).status_code == 200
        foreign = presign(server, "PUT", f"/uploads/{ticket['file_id']}", headers=signed)
        wait_for_end(client, ticket["file_id"])
        answer = put(foreign, data)
        assert (answer.status_code, error_code(answer)) == (404, "NoSuchKey")


@sizes
def test_an_upload_under_way_at_the_end_leaves_nothing(server, client, size):
    data = os.urandom(size)
    ticket = client.mint(size, expires_after_seconds=3)
    lines = ["Content-Type: image/png", f"Content-Length: {size}", "Expect: 100-continue"]
    with Connection(server.storage_address, timeout=30) as connection:
        connection.send(head("PUT", ticket["upload_url"], *lines))
        assert connection.response()[0] == 100
        connection.send(data[:-1])
        wait_for_end(client, ticket["file_id"])
        connection.send(data[-1:])
        status, _, body = connection.response()
    assert status == 404 and b"<Code>NoSuchKey</Code>" in body
    assert not blob(server, ticket["file_id"]).exists()


# The sweep


def blob(server, file_id):
    uuid = file_id.removeprefix("file_")
    return server.data_dir / "blobs" / uuid[-2:] / uuid


def is_on_disk(server, data):
    """Whether any file of the store holds some bytes."""
    for path in server.data_dir.glob("blobs/*/*"):
        with contextlib.suppress(FileNotFoundError):
            if data in path.read_bytes():
                return True
    return False


def has_row(server, file_id):
    identifier = bytes.fromhex(file_id.removeprefix("file_").replace("-", ""))
    path = f"file:{server.data_dir / 'catalog.sqlite'}?mode=ro"
    with contextlib.closing(sqlite3.connect(path, uri=True)) as database:
        return database.execute("SELECT 1 FROM files WHERE id = ?", [identifier]).fetchone() is not None


@sizes
def test_the_sweep_removes_the_bytes_and_frees_the_quota(own_server, size):
    server, organization = own_server, f"retention-{size}"
    client = server.client(organization)
    set_quotas(server, organization, "--max-files", "1")
    before = server.metrics()
    data = os.urandom(size)
    file_id = send(client, data, 4).json()["file_id"]
    # It is open now, and kept so.
    assert http("GET", client.url(file_id)).content == data
    assert is_on_disk(server, data) and has_row(server, file_id)
    assert blob(server, file_id).exists() == (size > 65_536)
    error(send(client, b"other"), 403, "QUOTA_EXCEEDED")
    wait_until(lambda: not has_row(server, file_id), 30)
    wait_until(lambda: not is_on_disk(server, data), 30)
    assert not blob(server, file_id).exists()
    assert usage(server, organization) == (0, 0)
    assert send(client, b"other").status_code == 201

    def growth(kind):
        name = "cloakroom_sweep_files_total"
        return value(server.metrics(), name, kind=kind) - value(before, name, kind=kind)

    wait_until(lambda: growth("removed") == 1)
    assert growth("ended") == 1
    assert "# TYPE cloakroom_sweep_files_total counter" in server.metrics()


def test_the_sweep_drops_a_pending_file(own_server):
    client = own_server.client("retention-pending")
    file_id = client.mint(5_000, expires_after_seconds=2)["file_id"]
    assert has_row(own_server, file_id)
    wait_until(lambda: not has_row(own_server, file_id), 30)
    assert usage(own_server, "retention-pending") == (0, 0)


def test_ends_outlast_the_server():
    with Server() as server:
        client = server.client()
        data = {size: os.urandom(size) for size in SIZES}
        files = {size: send(client, data[size], 2).json()["file_id"] for size in SIZES}
        kept = send(client, b"kept", 3_000).json()
        stays = send(client, b"stays").json()
        server.stop()
        server.start()
        for size in SIZES:
            wait_for_end(client, files[size])
            wait_until(lambda: not is_on_disk(server, data[size]), 30)
        assert shown(client, kept["file_id"]) == kept
        assert shown(client, stays["file_id"]) == stays


# Organizations


def test_the_lifetime_of_an_organizations_files_is_set_listed_and_lifted(server):
    name = "retention-listed"
    set_quotas(server, name, "--expires-after-seconds", "600")
    created = rows(server)[name][4]
    assert rows(server)[name] == ["0", "0", "-", "-", created, "600"] and TIME.fullmatch(created)
    set_quotas(server, name, "--max-files", "5")
    assert rows(server)[name] == ["0", "0", "5", "-", created, "600"]
    set_quotas(server, name, "--expires-after-seconds", "315360000", "--max-files", "none")
    assert rows(server)[name] == ["0", "0", "-", "-", created, "315360000"]
    set_quotas(server, name, "--expires-after-seconds", "none")
    assert rows(server)[name] == ["0", "0", "-", "-", created, "-"]


@pytest.mark.parametrize("lifetime", ["0", "-1", "1.5", "", "forever", "315360001", "9223372036854775808"])
def test_a_bad_lifetime_of_an_organizations_files_is_refused(server, lifetime):
    option = f"--expires-after-seconds={lifetime}"
    assert set_quotas(server, "retention-bad", option, check=False).returncode == 64
    assert "retention-bad" not in rows(server)


def test_the_shorter_lifetime_counts_for_files_to_come(server, gateway):
    name = "retention-shorter"
    client = server.client(name)
    before = send(client, b"bytes").json()
    set_quotas(server, name, "--expires-after-seconds", "600")
    for own, expected in ((None, 600), (60, 60), (600, 600), (3_000, 600)):
        for size in SIZES:
            assert life(send(client, os.urandom(size), own).json()) == expected
        ticket = client.mint(5, **({} if own is None else {"expires_after_seconds": own}))
        file = shown(client, ticket["file_id"])
        assert life(file) == expected and seconds(ticket["expires_at"]) == seconds(file["expires_at"])
    assert shown(client, before["file_id"])["expires_at"] is None
    assert life(send(gateway, b"bytes", **{"X-Organization-ID": name}).json()) == 600
    set_quotas(server, name, "--expires-after-seconds", "none")
    assert send(client, b"bytes").json()["expires_at"] is None
    assert send(server.client("retention-other"), b"bytes").json()["expires_at"] is None


def test_files_of_an_organization_end(server):
    name = "retention-ends"
    client = server.client(name)
    set_quotas(server, name, "--expires-after-seconds", "2")
    file_id = client.mint(5)["file_id"]
    wait_for_end(client, file_id)
    wait_until(lambda: usage(server, name) == (0, 0), 30)


# Repeated requests


def test_a_repetition_has_the_same_lifetime(server):
    name = "retention-repeated"
    client = server.client(name)

    def sent(lifetime):
        return send(client, b"bytes", lifetime, **{"Idempotency-Key": "direct"})

    def declared(**lifetime):
        body = {"filename": "a.png", "content_type": "image/png", "size_bytes": 5, **lifetime}
        return client.post("/v1/files/upload", json=body, headers={"Idempotency-Key": "declared"})

    file, ticket = sent(100).json(), declared(expires_after_seconds=100).json()
    for other in (None, 101):
        error(sent(other), 409, "IDEMPOTENCY_KEY_REUSED")
        error(declared(expires_after_seconds=other), 409, "IDEMPOTENCY_KEY_REUSED")
    error(declared(), 409, "IDEMPOTENCY_KEY_REUSED")
    # What has changed meanwhile does not change the file.
    set_quotas(server, name, "--expires-after-seconds", "10")
    assert sent(100).json() == file
    again = declared(expires_after_seconds=100).json()
    assert (again["file_id"], again["expires_at"]) == (ticket["file_id"], ticket["expires_at"])
    assert life(shown(client, ticket["file_id"])) == 100


def test_a_repetition_after_the_end_is_as_after_a_deletion(server):
    client = server.client("retention-repeated-late")
    headers = {"Idempotency-Key": "declared"}
    body = {"filename": "a.png", "content_type": "image/png", "size_bytes": 5, "expires_after_seconds": 2}
    made = client.post("/v1/files/upload", json=body, headers=headers).json()["file_id"]
    file = send(client, b"bytes", 2, **{"Idempotency-Key": "direct"}).json()
    for file_id in (made, file["file_id"]):
        wait_for_end(client, file_id)

    def check():
        again = client.post("/v1/files/upload", json=body, headers=headers)
        assert (again.status_code, again.json()["file_id"]) == (200, made)
        refused = put(again.json()["upload_url"], b"bytes")
        assert (refused.status_code, error_code(refused)) == (404, "NoSuchKey")
        error(send(client, b"bytes", 2, **{"Idempotency-Key": "direct"}), 404, "FILE_NOT_FOUND")

    check()
    wait_until(lambda: not has_row(server, made) and not has_row(server, file["file_id"]), 30)
    check()


# The command


def run(server, client, directory, *arguments):
    env = environment(server.api, client.key)
    return subprocess.run([BINARY, *arguments], cwd=directory, env=env, capture_output=True, text=True, timeout=60)


def test_the_command_uploads_a_file_that_ends(server, client, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    result = run(server, client, tmp_path, "upload", "--expires-after-seconds", "5000", "notes.txt")
    assert result.returncode == 0, result.stderr
    assert life(shown(client, result.stdout.split("\t")[0])) == 5_000
    for lifetime in ("0", "-1", "1.5", "315360001"):
        refused = run(server, client, tmp_path, "upload", f"--expires-after-seconds={lifetime}", "notes.txt")
        assert (refused.returncode, refused.stdout) == (64, "")
