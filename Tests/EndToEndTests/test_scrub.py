"""The scrub: damage under a running server is found, set aside, and never served again."""

import os
import re
import time

import pytest
from cloakroom import Server, command, error_code, http, put
from damage import (
    LARGE, SMALL, WITHOUT_SCRUB, check, digest, flipped, fresh_upload_url, place, quarantined, sqlite, status, uuid,
)  # fmt: skip
from test_client_commands import wait_until
from test_operations import value


def test_damage_under_a_running_server_is_found_and_never_served_again():
    # The first round has a mebibyte to read before it comes to the files that are damaged meanwhile.
    with Server("--scrub-period-days=1", "--scrub-bytes-per-second=65536") as server:
        client, gateway = server.client(), server.client(gateway=True)
        filler = client.upload(os.urandom(1_048_576))
        data = {size: os.urandom(size) for size in (SMALL, LARGE)}
        tickets = {size: client.mint(size) for size in data}
        ids = {size: tickets[size]["file_id"] for size in data}
        for size, ticket in tickets.items():
            assert put(ticket["upload_url"], data[size]).status_code == 200
        urls = {size: client.url(ids[size]) for size in data}
        for size in data:
            place(server.data_dir, ids[size]).flip(1_000)
        body = {"organization_id": "default", "file_ids": list(ids.values())}
        assert gateway.post("/v1/files/resolve", json=body).status_code == 200

        for size in data:
            # A download that finds the damage first is broken off.
            wait_until(lambda: status(client, ids[size]) == "pending", 120)
            assert error_code(http("GET", urls[size])) == "NoSuchKey"
            assert status(client, ids[size]) == "pending"
            assert client.get(f"/v1/files/{ids[size]}/download").status_code == 404
        refused = gateway.post("/v1/files/resolve", json=body).json()["error"]
        assert refused["code"] == "FILE_NOT_FOUND" and set(refused["details"]["file_ids"]) == set(ids.values())
        wait_until(lambda: len(quarantined(server.data_dir)) == 2)
        expected = {uuid(ids[size]): digest(flipped(data[size], 1_000)) for size in data}
        assert quarantined(server.data_dir) == expected
        rows = sqlite(server.data_dir, "SELECT lower(hex(declared_sha256)) FROM files WHERE sha256 IS NULL ORDER BY id")
        assert rows == [[digest(data[size])] for size in (SMALL, LARGE)]

        # The URL from before still takes the same bytes; so does a fresh one, and neither takes others.
        for size, url in ((SMALL, tickets[SMALL]["upload_url"]), (LARGE, fresh_upload_url(client, ids[LARGE]))):
            answer = put(url, flipped(data[size], 1_000))
            assert (answer.status_code, error_code(answer)) == (400, "BadDigest")
            assert http("GET", urls[size]).status_code == 404
            assert put(url, data[size]).status_code == 200
            assert http("GET", urls[size]).content == data[size]
            assert status(client, ids[size]) == "ready"
        assert gateway.post("/v1/files/resolve", json=body).status_code == 200
        assert http("GET", client.url(filler)).status_code == 200

        wait_until(lambda: value(server.metrics(), "cloakroom_scrub_files_total", outcome="damaged") == 2)
        metrics = server.metrics()
        assert value(metrics, "cloakroom_scrub_files_total", outcome="failed") == 0
        assert value(metrics, "cloakroom_scrub_bytes_total") >= 1_048_576
        for file_id in ids.values():
            assert re.search(rf"error.*{file_id}", server.logged())
        assert check(server.data_dir, "--data") == []


def test_a_start_goes_on_with_the_round_and_finds_orphans():
    with Server(WITHOUT_SCRUB, "--verify-reads=never") as server:
        client = server.client()
        data = {size: os.urandom(size) for size in (SMALL, LARGE)}
        ids = {size: client.upload(data[size]) for size in data}
        assert "cloakroom_scrub" not in server.metrics()
        for size in data:
            place(server.data_dir, ids[size]).flip()
        orphan = "abababab-abab-4bab-abab-abababababab"
        for name in (orphan, "README", orphan.upper()):
            (server.data_dir / "blobs/ab" / name).write_bytes(b"lost")
        url = client.url(ids[LARGE])
        assert http("GET", url).content == flipped(data[LARGE])
        server.stop()
        server.options = ()
        server.start()
        for size in data:
            wait_until(lambda: status(client, ids[size]) == "pending", 30)
        wait_until(lambda: orphan in quarantined(server.data_dir), 30)
        assert (server.data_dir / "blobs/ab/README").exists()
        assert (server.data_dir / "blobs/ab" / orphan.upper()).exists()
        # Its row may have been lost: it stays where it is, too.
        assert (server.data_dir / "blobs/ab" / orphan).exists()
        name = "cloakroom_scrub_completed_timestamp_seconds"
        wait_until(lambda: abs(value(server.metrics(), name) - time.time()) < 60, 30)
        assert value(server.metrics(), "cloakroom_scrub_orphans_total") == 1
        # A file that comes after the round is left for the next one, also by a restart.
        late = client.upload(data[LARGE])
        place(server.data_dir, late).flip()
        server.stop()
        server.start()
        wait_until(lambda: value(server.metrics(), name) > 0)
        [[completed]] = sqlite(server.data_dir, "SELECT completed_at >= started_at AND shards = 256 FROM scrub")
        assert completed == "1" and status(client, late) == "ready"


@pytest.mark.parametrize(
    "option",
    ["--scrub-period-days=366", "--scrub-period-days=-1", "--scrub-period-days=1.5", "--scrub-bytes-per-second=0",
     "--scrub-bytes-per-second=10737418241", "--scrub-bytes-per-second=fast"],
)
def test_bad_values_are_refused(tmp_path, option):
    result = command("serve", option, data_dir=tmp_path, check=False)
    assert result.returncode == 64 and option.split("=")[0].removeprefix("--") in result.stderr
