"""schemathesis against the service's own document: no server error, and no answer that it does not allow."""

import os
import pathlib
import subprocess
import sys

import jsonschema
import pytest
import yaml
from cloakroom import EVIDENCE, http
from openapi_spec_validator import OpenAPIV31SpecValidator


@pytest.fixture(scope="module")
def document(server):
    return yaml.safe_load(http("GET", server.api + "/openapi.yaml").text)


def test_the_document_is_valid_openapi(document):
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert list(OpenAPIV31SpecValidator({**document, "info": {}}).iter_errors())


def test_the_document_has_no_aliases(server):
    # Parsers limit them, as a guard against bombs; openapi-generator's takes 50.
    text = http("GET", server.api + "/openapi.yaml").text
    assert [token for token in yaml.scan(text) if isinstance(token, (yaml.AliasToken, yaml.AnchorToken))] == []


def errors(document):
    """The name, the content and the examples of every response that is an error."""
    for name, response in document["components"]["responses"].items():
        content = response.get("content", {}).get("application/json", {})
        examples = [content["example"]] if "example" in content else []
        examples += [example["value"] for example in content.get("examples", {}).values()]
        if content.get("schema", {}).get("$ref") == "#/components/schemas/ErrorResponse":
            yield name, content, examples


def test_each_error_takes_its_own_code_and_details_only(document):
    names = [name for name, _, _ in errors(document)]
    assert len(names) > 20 and {"Unauthorized", "UnsupportedContentEncoding", "ForbiddenOrOverQuota"} <= set(names)
    for name, content, examples in errors(document):
        schema = {**content["schema"], "components": document["components"]}
        check = jsonschema.Draft202012Validator(schema).is_valid
        assert examples
        for example in examples:
            error = example["error"]
            assert check(example), name
            other = "INTERNAL_ERROR" if error["code"] != "INTERNAL_ERROR" else "FORBIDDEN"
            assert not check({"error": {**error, "code": other}}), name
            assert not check({"error": {**error, "code": "UNHEARD_OF"}}), name
            for detail in error["details"]:
                less = {key: value for key, value in error["details"].items() if key != detail}
                assert not check({"error": {**error, "details": less}}), (name, detail)


def check_of(document, schema):
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]}).is_valid


def test_a_key_that_is_new_is_neither_used_nor_revoked(document):
    check = check_of(document, {"$ref": "#/components/schemas/NewAPIKey"})
    key = {
        "key": "sk_" + "0" * 72, "key_id": "key_0123456789abcdef", "name": "", "prefix": "sk_00000000",
        "permissions": ["files:read"], "created_at": "2026-03-20T10:30:00Z",
        "last_used_at": None, "expires_at": None, "revoked_at": None,
    }  # fmt: skip
    assert check(key)
    for field in ("last_used_at", "expires_at", "revoked_at"):
        assert not check({**key, field: "2026-03-20T11:00:00Z"}), field


def test_a_file_is_ready_with_its_digest_or_pending_without(document):
    check = check_of(document, {"$ref": "#/components/schemas/FileObject"})
    ready, pending = document["components"]["schemas"]["FileObject"]["examples"]
    assert (ready["status"], pending["status"]) == ("ready", "pending")
    assert check(ready) and check(pending)
    assert not check({**ready, "sha256": None}) and not check({**pending, "sha256": ready["sha256"]})
    content = document["paths"]["/v1/files"]["post"]["responses"]["201"]["content"]
    uploaded = check_of(document, content["application/json"]["schema"])
    assert uploaded(ready) and not uploaded(pending)


@pytest.mark.parametrize(
    ("form", "is_valid"),
    [
        ({"file": "bytes"}, True),
        ({"content": "bytes", "filename": "a.png"}, True),
        ({"file": "bytes", "another": "ignored"}, True),
        ({"file": "bytes", "content": "bytes"}, False),
        ({"filename": "a.png"}, False),
        ({"file": "bytes", "sha256": "00"}, False),
    ],
)
def test_a_form_has_one_file(document, form, is_valid):
    assert check_of(document, {"$ref": "#/components/schemas/FileForm"})(form) == is_valid


# What only a gateway may use; every other route is an organization's.
GATEWAY_ROUTES = "/v1/(files|inputs)/resolve"


@pytest.mark.parametrize("gateway", [False, True])
def test_schemathesis(server, tmp_path, gateway):
    permissions = ["files:read", "files:write", "keys:manage", "events:read"]
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
        env={**os.environ, "SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(pathlib.Path(__file__).parent)},
    )  # fmt: skip
    EVIDENCE.text("schemathesis", "")
    assert result.returncode == 0, result.stdout[-8000:].replace(client.key, "<key>") + result.stderr[-2000:]
    # It did not revoke its own key, and then find every answer right.
    headers = {"X-Organization-ID": "schemathesis"} if gateway else {}
    assert client.get("/v1/files", headers=headers).status_code == 200
