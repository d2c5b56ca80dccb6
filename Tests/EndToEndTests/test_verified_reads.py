"""Wrong bytes never arrive whole with a 200, from either origin."""

import contextlib

import pytest
import requests
from cloakroom import Server
from damage import WITHOUT_SCRUB, digest, place, uuid

KEPT, SMALL, LARGE = b"k" * 5_000, b"s" * 60_000, b"l" * 3_000_000


def restarted(tmp_path, body, *options):
    """A server that has one file on its disk and nothing of it in memory."""
    with Server(WITHOUT_SCRUB, data_dir=tmp_path / "data") as server:
        client = server.client()
        file_id = client.upload(body)
    server = Server(WITHOUT_SCRUB, *options, data_dir=tmp_path / "data")
    return server, file_id, server.client()


def read(url, **options):
    """The status and what arrived; `None` for a body that broke off."""
    with contextlib.suppress(requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
        response = requests.get(url, timeout=30, **options)
        return response.status_code, response.content
    return None, None


def api_read(server, client, file_id):
    url = f"{server.api}/v1/files/{file_id}/download"
    return read(url, headers={"Authorization": f"Bearer {client.key}", "Accept": "*/*"})


def becomes(outcome, probe):
    for _ in range(300):
        found = probe()
        if found == outcome:
            return
    assert found == outcome


@pytest.mark.parametrize("origin", ["storage", "api"])
@pytest.mark.parametrize("body", [KEPT, SMALL, LARGE], ids=["kept", "small", "large"])
@pytest.mark.parametrize("position", ["first", "middle", "last"])
def test_wrong_bytes_do_not_arrive_whole(tmp_path, origin, body, position):
    server, file_id, client = restarted(tmp_path, body)
    with server:
        index = {"first": 0, "middle": len(body) // 2, "last": len(body) - 1}[position]
        url = client.url(file_id)
        place(tmp_path / "data", file_id).flip(index)
        status, content = read(url) if origin == "storage" else api_read(server, client, file_id)
        assert status in (None, 500)
        assert content is None or digest(content) != digest(body)
        # The scrub's way: the bytes are in quarantine, and the file waits for the same ones.
        becomes("pending", lambda: client.get(f"/v1/files/{file_id}").json()["status"])
        assert read(url)[0] == 404
        assert (tmp_path / "data/blobs/quarantine" / uuid(file_id)).exists()
        assert file_id in server.logged()
        ticket = client.post(f"/v1/files/{file_id}/upload-url").json()
        response = requests.put(ticket["upload_url"], data=body, headers=ticket["headers"], timeout=30)
        assert response.status_code == 200
        assert read(client.url(file_id)) == (200, body)


def test_swapped_bodies_are_told_apart(tmp_path):
    with Server(WITHOUT_SCRUB, data_dir=tmp_path / "data") as server:
        client = server.client()
        ids = [client.upload(bytes([number]) * 200_000) for number in (1, 2)]
    paths = [place(tmp_path / "data", file_id).path for file_id in ids]
    bodies = [path.read_bytes() for path in paths]
    for path, body in zip(paths, reversed(bodies)):
        path.write_bytes(body)
    with Server(WITHOUT_SCRUB, data_dir=tmp_path / "data") as server:
        client = server.client()
        assert [read(client.url(file_id)) for file_id in ids] == [(None, None)] * 2


@pytest.mark.parametrize("setting, sees", [("first", False), ("never", False), ("always", True)])
def test_the_setting_says_when_large_files_are_verified(tmp_path, setting, sees):
    server, file_id, client = restarted(tmp_path, LARGE, f"--verify-reads={setting}")
    with server:
        url = client.url(file_id)
        assert read(url) == (200, LARGE)
        place(tmp_path / "data", file_id).flip(1_000_000)
        status, content = read(url)
        # What has been verified since the start is not read again by `first`; the scrub and a check do that.
        assert (status is None) == sees
        assert sees or digest(content) != digest(LARGE)


def test_a_range_over_everything_is_verified_and_a_part_is_not(tmp_path):
    server, file_id, client = restarted(tmp_path, LARGE)
    with server:
        url = client.url(file_id)
        place(tmp_path / "data", file_id).flip(len(LARGE) - 1)
        status, content = read(url, headers={"Range": "bytes=0-99"})
        assert (status, content) == (206, LARGE[:100])
        assert read(url, headers={"Range": "bytes=0-"}) == (None, None)


def test_part_of_a_small_file_is_not_served_from_wrong_bytes(tmp_path):
    server, file_id, client = restarted(tmp_path, SMALL)
    with server:
        url = client.url(file_id)
        place(tmp_path / "data", file_id).flip(len(SMALL) - 1)
        assert read(url, headers={"Range": "bytes=0-99"})[0] == 500
        assert requests.head(url, timeout=10).status_code in (404, 500)


def test_mass_damage_is_reported_and_not_acted_on(tmp_path):
    """A disk that gives wrong bytes for everything must not turn every file into a pending one."""
    with Server(WITHOUT_SCRUB, data_dir=tmp_path / "data") as server:
        client = server.client()
        ids = [client.upload(bytes([number]) * 70_000) for number in range(20)]
    for file_id in ids:
        place(tmp_path / "data", file_id).flip(5)
    with Server(WITHOUT_SCRUB, data_dir=tmp_path / "data") as server:
        client = server.client()
        urls = [client.url(file_id) for file_id in ids]
        assert [read(url) for url in urls] == [(None, None)] * 20
        statuses = lambda: sorted(client.get(f"/v1/files/{file_id}").json()["status"] for file_id in ids)
        becomes(["pending"] * 16 + ["ready"] * 4, statuses)
        # Those that were left are still not served.
        assert all(read(url)[0] in (None, 404) for url in urls)
        assert "see `cloakroom check`" in server.logged()
