"""The end that a file is given: by its client or its organization, for its URLs and for repeated requests."""

import datetime
import os
import subprocess
import time
import urllib.parse

import pytest
from cloakroom import BINARY, error_code, http, put
from retention import SIZES, gateway, has_row, life, seconds, send, shown, wait_for_end
from test_api import TIME, error, fields
from test_client_commands import environment, wait_until
from test_quotas import rows, set_quotas, usage


def declare(client, **change):
    body = {"filename": "a.png", "content_type": "image/png", "size_bytes": 5, **change}
    return client.post("/v1/files/upload", json=body)


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
