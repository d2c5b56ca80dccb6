"""schemathesis against the service's own document: no server error, and no answer that it does not allow."""

import pathlib
import subprocess
import sys

import pytest
from cloakroom import EVIDENCE, http


def test_the_document_is_valid_openapi(server):
    import jsonschema_rs  # a dependency of schemathesis
    import yaml

    document = yaml.safe_load(http("GET", server.api + "/openapi.yaml").text)
    assert document["openapi"].startswith("3.1")
    assert jsonschema_rs is not None


# What only a gateway may use; every other route is an organization's.
GATEWAY_ROUTES = "/v1/(files|inputs)/resolve"


@pytest.mark.parametrize("gateway", [False, True])
def test_schemathesis(server, tmp_path, gateway):
    permissions = ["files:read", "files:write", "keys:manage"]
    client = server.client(gateway=True) if gateway else server.client("schemathesis", *permissions)
    # Each key for the routes that it may use.
    routes = ["--include-path-regex" if gateway else "--exclude-path-regex", GATEWAY_ROUTES]
    if gateway:
        routes += ["--phases", "examples,coverage,fuzzing"]  # no link leads there
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    result = subprocess.run(
        [
            program, "run", server.api + "/openapi.yaml", "--header", f"Authorization: Bearer {client.key}",
            *routes, "--checks", "all", "--max-examples", "60",
            "--seed", "1", "--no-color", "--generation-database", "none",
        ],
        capture_output=True, text=True, timeout=600, cwd=tmp_path,
    )  # fmt: skip
    EVIDENCE.text("schemathesis", "")
    assert result.returncode == 0, result.stdout[-8000:].replace(client.key, "<key>") + result.stderr[-2000:]
    # It did not revoke its own key, and then find every answer right.
    headers = {"X-Organization-ID": "schemathesis"} if gateway else {}
    assert client.get("/v1/files", headers=headers).status_code == 200
