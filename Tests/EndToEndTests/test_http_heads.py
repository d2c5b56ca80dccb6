"""HEAD wherever GET is, with the fields of GET and no body (RFC 9110 §9.1 and §9.3.2), and `Allow` (§10.2.1)."""

import pytest
from cloakroom import http
from raw import Connection, address_of, target

# Fields that differ from answer to answer: the time, the request, and what the connection is to be.
PER_ANSWER = {"date", "x-request-id", "x-amz-request-id", "connection", "ratelimit"}


@pytest.fixture(scope="module")
def places(server):
    """Where GET is: name → the address, the target, and the field lines that it takes."""
    client = server.client("heads", "files:read", "files:write", "keys:manage")
    file_id, pending = client.upload(b"seen"), client.mint(3)["file_id"]
    path, host = target(client.url(file_id))
    key = f"Authorization: Bearer {client.key}\r\n"
    api, operations, storage = address_of(server.api), address_of(server.operations), server.storage_address
    found = {
        "files": (api, "/v1/files", key),
        "a page": (api, "/v1/files?limit=1&status=ready", key),
        "a wrong page": (api, "/v1/files?limit=0", key),
        "file": (api, f"/v1/files/{file_id}", key),
        "pending file": (api, f"/v1/files/{pending}", key),
        "no file": (api, "/v1/files/file_f47ac10b-58cc-4372-a567-0e02b2c3d479", key),
        "no file id": (api, "/v1/files/x", key),
        "no key": (api, f"/v1/files/{file_id}", ""),
        "download": (api, f"/v1/files/{file_id}/download", key),
        "part": (api, f"/v1/files/{file_id}/download", key + "Range: bytes=1-2\r\n"),
        "no such part": (api, f"/v1/files/{file_id}/download", key + "Range: bytes=9-\r\n"),
        "unchanged": (api, f"/v1/files/{file_id}/download", key + "If-None-Match: *\r\n"),
        "URL": (api, f"/v1/files/{file_id}/download", key + "Accept: application/json\r\n"),
        "redirection": (api, f"/v1/files/{file_id}/download?redirect=true", key),
        "download of a pending file": (api, f"/v1/files/{pending}/download", key),
        "keys": (api, "/v1/keys", key),
        "description": (api, "/openapi.yaml", ""),
        "nowhere": (api, "/nowhere", ""),
        "health": (operations, "/healthz", ""),
        "readiness": (operations, "/readyz", ""),
        "nowhere on operations": (operations, "/nowhere", ""),
        "stored": (storage, path, ""),
        "part of what is stored": (storage, path, "Range: bytes=1-2\r\n"),
        "no such part of what is stored": (storage, path, "Range: bytes=9-\r\n"),
        "unchanged since": (storage, path, "If-None-Match: *\r\n"),
        "without a signature": (storage, path.partition("?")[0], ""),
    }
    return {name: (address, path, f"Host: {host}\r\n" + lines) for name, (address, path, lines) in found.items()}


NAMES = [
    "files", "a page", "a wrong page", "file", "pending file", "no file", "no file id", "no key", "download", "part",
    "no such part", "unchanged", "URL", "redirection", "download of a pending file", "keys", "description", "nowhere",
    "health", "readiness", "nowhere on operations", "stored", "part of what is stored",
    "no such part of what is stored", "unchanged since", "without a signature",
]  # fmt: skip


def ask(connection, method, path, lines):
    connection.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode())
    return connection.response(head_only=method == "HEAD")


@pytest.mark.parametrize("name", NAMES)
def test_head_is_get_without_its_body(places, name):
    address, path, lines = places[name]
    with Connection(address) as connection:
        first, head, _ = ask(connection, "HEAD", path, lines)
        # Whatever followed the head of the answer would be read as the next one.
        status, get, body = ask(connection, "GET", path, lines)
    assert first == status
    if first not in (204, 304):
        assert int(get["content-length"]) == len(body)
    ignored = PER_ANSWER | ({"location"} if status == 307 else set())
    for fields in (head, get):
        for field in ignored:
            fields.pop(field, None)
    if name == "URL":  # signed anew with each answer, at the same length
        assert head.pop("content-length") == get.pop("content-length")
    assert head == get


def test_every_place_is_tried(places):
    assert set(NAMES) == set(places)


def test_metrics(server):
    """They change from answer to answer, so their length does as well."""
    head, get = (http(method, server.operations + "/metrics") for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"") and int(head.headers["Content-Length"]) > 1_000
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


# The methods of each path, as `Allow` lists them.
ALLOWED = {
    ("api", "/v1/files"): {"GET", "HEAD", "POST"},
    ("api", "/v1/files/file_f47ac10b-58cc-4372-a567-0e02b2c3d479"): {"GET", "HEAD", "DELETE"},
    ("api", "/v1/files/file_f47ac10b-58cc-4372-a567-0e02b2c3d479/download"): {"GET", "HEAD"},
    ("api", "/v1/files/file_f47ac10b-58cc-4372-a567-0e02b2c3d479/upload-url"): {"POST"},
    ("api", "/v1/files/upload"): {"POST"},
    ("api", "/v1/files/resolve"): {"POST"},
    ("api", "/v1/inputs/resolve"): {"POST"},
    ("api", "/v1/keys"): {"GET", "HEAD", "POST"},
    ("api", "/openapi.yaml"): {"GET", "HEAD"},
    ("operations", "/healthz"): {"GET", "HEAD"},
    ("operations", "/readyz"): {"GET", "HEAD"},
    ("operations", "/metrics"): {"GET", "HEAD"},
}


@pytest.mark.parametrize(("origin", "path"), ALLOWED, ids=lambda part: part[-20:])
def test_allow_is_what_is_allowed(server, origin, path):
    url = server.urls[origin] + path
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        response = http(method, url)
        is_allowed = method in ALLOWED[origin, path]
        assert (response.status_code != 405) == is_allowed, method
        if not is_allowed:
            assert set(response.headers["Allow"].split(", ")) == ALLOWED[origin, path]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/files/x", {"GET", "HEAD", "OPTIONS"}), ("/uploads/x", {"PUT", "OPTIONS"}),
        ("/", {"GET", "HEAD", "PUT", "OPTIONS"}), ("*", {"GET", "HEAD", "PUT", "OPTIONS"}),
    ],
)  # fmt: skip
def test_options_of_the_storage_origin(server, path, allowed):
    with Connection(server.storage_address) as connection:
        status, fields, _ = ask(connection, "OPTIONS", path, "Host: x\r\n")
    assert (status, set(fields["allow"].split(", "))) == (204, allowed)
