"""Files that have ended: gone by the clock from every route, and from the disk by the sweep."""

import contextlib
import os

import pytest
from cloakroom import Server, error_code, http, put
from raw import Connection, head
from retention import SIZES, gateway, has_row, seconds, send, shown, sizes, wait_for_end
from signing import presign, s3
from test_api import error
from test_client_commands import wait_until
from test_operations import value
from test_quotas import set_quotas, usage


@pytest.fixture(scope="module")
def own_server():
    """A server whose disk holds little else."""
    with Server() as server:
        yield server


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
