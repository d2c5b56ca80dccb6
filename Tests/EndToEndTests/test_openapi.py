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


@pytest.mark.parametrize("gateway", [False, True])
def test_schemathesis(server, tmp_path, gateway):
    key = server.key("schemathesis", "files:read", "files:write") if not gateway else server.key(gateway=True)
    # Each key for the routes that it may use.
    routes = ["--include-path" if gateway else "--exclude-path", "/v1/files/resolve"]
    if gateway:
        routes += ["--phases", "examples,coverage,fuzzing"]  # no link leads there
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    result = subprocess.run(
        [
            program, "run", server.api + "/openapi.yaml", "--header", f"Authorization: Bearer {key}",
            *routes, "--checks", "all", "--max-examples", "60",
            "--seed", "1", "--no-color", "--generation-database", "none",
        ],
        capture_output=True, text=True, timeout=400, cwd=tmp_path,
    )  # fmt: skip
    EVIDENCE.text("schemathesis", "")
    assert result.returncode == 0, result.stdout[-8000:].replace(key, "<key>") + result.stderr[-2000:]
