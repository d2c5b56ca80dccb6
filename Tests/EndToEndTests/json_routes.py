"""Every route that takes JSON, with a good body, and how it is sent something else."""

import json

import pytest
from cloakroom import EVIDENCE
from untouched import BYTES, ORGANIZATION

ROUTES = ["upload", "keys", "rotate", "files", "inputs"]
# Those that refuse members which they do not know.
STRICT = ["keys", "rotate"]


@pytest.fixture(scope="module")
def routes(owner, gateway, real):
    """Who may, where, a good body, and the status of success."""

    def rotation():
        return f"/v1/keys/{owner.post('/v1/keys', json={}).json()['key_id']}/rotate"

    organization = {"organization_id": ORGANIZATION}
    declaration = {"filename": "a.bin", "content_type": BYTES, "size_bytes": 1}
    return {
        "upload": (owner, lambda: "/v1/files/upload", declaration, 200),
        "keys": (owner, lambda: "/v1/keys", {"name": "a"}, 201),
        "rotate": (owner, rotation, {"grace_period_seconds": 60}, 201),
        "files": (gateway, lambda: "/v1/files/resolve", {**organization, "file_ids": [real]}, 200),
        "inputs": (gateway, lambda: "/v1/inputs/resolve", {**organization, "input": real}, 200),
    }


def send(routes, route, change):
    """Sends a changed body; returns the answer, whether it is a success."""
    client, path, good, success = routes[route]
    text = change(json.dumps(good))
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    response = client.post(path(), data=data)
    if response.status_code == success and "key" in response.json():
        EVIDENCE.secret(response.json()["key"])
    return response, response.status_code == success
