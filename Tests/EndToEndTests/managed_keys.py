"""API keys as a manager makes, rotates and lists them."""

import datetime

import pytest
from cloakroom import EVIDENCE, command, http

MEMBERS = {
    "key_id", "name", "prefix", "permissions", "created_at", "last_used_at", "expires_at", "revoked_at",
}  # fmt: skip
PERMISSIONS = ["events:read", "files:read", "files:write", "keys:manage"]
UNKNOWN = "key_0123456789abcdef"


@pytest.fixture(scope="module")
def manager(server):
    return server.client("keys", "keys:manage")


@pytest.fixture(scope="module")
def gateway(server):
    return server.client("", *PERMISSIONS, gateway=True)


def new(response):
    assert response.status_code == 201, response.text
    assert set(response.json()) == {*MEMBERS, "key"}
    EVIDENCE.secret(response.json()["key"])
    return response.json()


def create(client, **body):
    return new(client.post("/v1/keys", json=body))


def rotate(client, key_id, **body):
    return new(client.post(f"/v1/keys/{key_id}/rotate", json=body))


def keys(client, **options):
    response = client.get("/v1/keys", **options)
    assert response.status_code == 200, response.text
    return response.json()["keys"]


def shown(client, key_id):
    [key] = [key for key in keys(client) if key["key_id"] == key_id]
    return key


def status(server, key):
    return http("GET", server.api + "/v1/files", headers={"Authorization": f"Bearer {key}"}).status_code


def seconds(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def rows(server):
    lines = command("keys", "list", data_dir=server.data_dir).stdout.splitlines()
    return {line.split("\t")[0]: line.split("\t") for line in lines}
