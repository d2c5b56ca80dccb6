"""The options that limit connections and requests: where they are set, and what they cannot be."""

import json

import pytest
from cloakroom import Server, http
from key_limits import refused_at_start
from under_way import uploading


@pytest.mark.parametrize("limit", [0, 1])
def test_the_variables_set_them(monkeypatch, limit):
    monkeypatch.setenv("CLOAKROOM_CONCURRENT_REQUESTS_PER_KEY", str(limit))
    monkeypatch.setenv("CLOAKROOM_CONNECTIONS_PER_ADDRESS", str(2 * limit))
    with Server() as server:
        client = server.client()
        with uploading(client, 1):
            assert client.get("/v1/files").status_code == (429 if limit else 200)
            response = http("GET", server.storage + "/files/x")
            assert response.status_code == (503 if limit else 403)


def test_the_file_sets_them(tmp_path):
    file = tmp_path / "cloakroom.json"
    file.write_text(json.dumps({"concurrent-requests-per-key": 1, "connections-per-address": 2}))
    with Server("--config", str(file)) as server:
        client = server.client()
        with uploading(client, 1):
            assert client.get("/v1/files").status_code == 429
            assert http("GET", server.storage + "/files/x").status_code == 503


@pytest.mark.parametrize(
    ("key", "largest"), [("concurrent-requests-per-key", 100_000), ("connections-per-address", 1_000_000)]
)
def test_a_bad_value_is_named(tmp_path, key, largest):
    for wrong in ("-1", str(largest + 1), "1.5", "many"):
        refused_at_start(tmp_path, key, wrong, f"0 to {largest}")
    with Server(f"--{key}={largest}") as server:
        assert server.client().get("/v1/files").status_code == 200
