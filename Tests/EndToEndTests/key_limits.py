"""What the limits of a key have in common: the requests that count, and the values that they cannot have."""

import json

import pytest
from cloakroom import command

UNKNOWN = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"

# A request to each route, and its answer to a key that reads and writes files.
ROUTES = [
    ("GET", "/v1/files", 200),
    ("GET", "/v1/files?limit=0", 400),
    ("GET", f"/v1/files/{UNKNOWN}", 404),
    ("GET", f"/v1/files/{UNKNOWN}/download", 404),
    ("HEAD", f"/v1/files/{UNKNOWN}/download", 404),
    ("DELETE", f"/v1/files/{UNKNOWN}", 404),
    ("POST", "/v1/files/upload", 400),
    ("POST", "/v1/files", 400),
    ("POST", f"/v1/files/{UNKNOWN}/upload-url", 404),
    ("POST", f"/v1/files/{UNKNOWN}/revoke-urls", 404),
    ("POST", "/v1/files/resolve", 403),
    ("POST", "/v1/inputs/resolve", 403),
    ("GET", "/v1/keys", 403),
    ("POST", "/v1/keys", 403),
    ("DELETE", "/v1/keys/key_0123456789abcdef", 403),
    ("POST", "/v1/keys/key_0123456789abcdef/rotate", 403),
]


@pytest.fixture
def fresh(limiting):
    """A client, of the module's server `limiting`, whose key was never used."""
    return limiting.client("default")


def refused_at_start(directory, key, value, *told):
    """Whichever way a limit gets a value that it cannot have, no server starts, and what is wrong is told."""
    file = directory / "cloakroom.json"
    file.write_text(json.dumps({key: value}))
    for options, env in (
        ([f"--{key}={value}"], {}),
        ([], {"CLOAKROOM_" + key.upper().replace("-", "_"): value}),
        (["--config", str(file)], {}),
    ):
        result = command("serve", *options, data_dir=directory / "data", check=False, env=env)
        assert result.returncode == 64
        for text in (key, value, *told):
            assert text in result.stderr
    assert not (directory / "data").exists()
