"""The permission that every operation needs."""

import re

import pytest
import yaml  # a dependency of schemathesis
from cloakroom import http
from managed_keys import PERMISSIONS, UNKNOWN

OPERATIONS = {
    ("POST", "/v1/files/upload"): {"files:write"},
    ("POST", "/v1/files"): {"files:write"},
    ("GET", "/v1/files"): {"files:read"},
    ("HEAD", "/v1/files"): {"files:read"},
    ("GET", "/v1/files/{id}"): {"files:read"},
    ("HEAD", "/v1/files/{id}"): {"files:read"},
    ("DELETE", "/v1/files/{id}"): {"files:write"},
    ("GET", "/v1/files/{id}/download"): {"files:read"},
    ("HEAD", "/v1/files/{id}/download"): {"files:read"},
    ("POST", "/v1/files/{id}/upload-url"): {"files:write"},
    ("POST", "/v1/files/{id}/revoke-urls"): {"files:write"},
    ("GET", "/v1/keys"): {"keys:manage"},
    ("HEAD", "/v1/keys"): {"keys:manage"},
    ("POST", "/v1/keys"): {"keys:manage"},
    ("DELETE", "/v1/keys/{id}"): {"keys:manage"},
    ("POST", "/v1/keys/{id}/rotate"): {"keys:manage"},
    ("POST", "/v1/files/resolve"): {"files:read"},
    ("POST", "/v1/inputs/resolve"): {"files:read"},
    ("GET", "/v1/events"): {"events:read"},
    ("HEAD", "/v1/events"): {"events:read"},
    ("GET", "/openapi.yaml"): set(),
    ("HEAD", "/openapi.yaml"): set(),
}
GATEWAY = {("POST", "/v1/files/resolve"), ("POST", "/v1/inputs/resolve")}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture(scope="module")
def operations(server):
    """The permissions that the served document names, by method and path."""
    document = yaml.safe_load(http("GET", server.api + "/openapi.yaml").content)
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path)): {
            permission
            for requirement in operation.get("security", document.get("security", []))
            for permissions in requirement.values()
            for permission in permissions
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def ask(server, operation, key=None, organization=None):
    """The status and, where there is a body, the code of an operation's answer."""
    method, path = operation
    unknown = UNKNOWN if path.startswith("/v1/keys") else "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if organization:
        headers["X-Organization-ID"] = organization
    url = server.api + path.replace("{id}", unknown)
    response = http(method, url, headers=headers, json={} if method == "POST" else None)
    if response.status_code < 400 or method == "HEAD":
        return response.status_code, None
    return response.status_code, response.json()["error"]["code"]


def refused(operation, status, code):
    return status, None if operation[0] == "HEAD" else code


def test_the_document_names_the_permission_of_every_operation(operations):
    assert operations == OPERATIONS


def test_only_the_document_needs_no_key(server, operations):
    assert [operation for operation, needed in operations.items() if not needed] == [
        ("GET", "/openapi.yaml"), ("HEAD", "/openapi.yaml"),
    ]  # fmt: skip
    for operation, needed in operations.items():
        expected = refused(operation, 401, "UNAUTHORIZED") if needed else (200, None)
        assert ask(server, operation) == expected, operation


@pytest.mark.parametrize("gateway", [False, True])
@pytest.mark.parametrize("missing", PERMISSIONS)
def test_no_operation_works_without_its_permission(server, operations, gateway, missing):
    others = [permission for permission in PERMISSIONS if permission != missing]
    key = server.key("keys-table", *others, gateway=gateway)
    walked = [operation for operation, needed in operations.items() if missing in needed]
    assert walked
    for operation in walked:
        answer = ask(server, operation, key, "keys-table")
        assert answer == refused(operation, 403, "FORBIDDEN"), operation


@pytest.mark.parametrize("gateway", [False, True])
def test_every_operation_works_with_all_permissions_but_a_gateways_for_others(server, operations, gateway):
    key = server.key("keys-table", *PERMISSIONS, gateway=gateway)
    for operation in operations:
        answer = ask(server, operation, key, "keys-table")
        if operation in GATEWAY and not gateway:
            assert answer == (403, "FORBIDDEN"), operation
        else:
            assert answer[0] in (200, 201, 400, 404) and answer[1] != "NOT_FOUND", (operation, answer)
