"""Every identifier and path that the service takes, given the worst: traversals, odd characters, what is none."""

import base64
import json
import urllib.parse

import pytest
from cloakroom import http
from raw import Connection, address_of, exchange, head
from signing import presign
from test_api import error, fields
from untouched import BYTES, gateway, owner, real, untouched

TRAVERSALS = [
    "..", ".", "../..", "../../signing-keys", "./../signing-keys", "../../../../../../../../etc/passwd",
    "%2e%2e", "%2E%2E", "..%2f..%2fsigning-keys", "%2e%2e%2f%2e%2e%2fcatalog.sqlite", "%2fetc%2fpasswd",
    "..%5c..%5csigning-keys", "..\\..\\signing-keys", "....//....//signing-keys", "..;/signing-keys", "..%3b/signing-keys",
    "%252e%252e%252fsigning-keys", "%25252e%25252e", "%uff0e%uff0e%u2215signing-keys", "file:%2f%2f%2fetc%2fpasswd",
    # Two dots and a slash, in overlong UTF-8 and in full width.
    "%c0%ae%c0%ae%c0%afsigning-keys", "%e0%80%ae%e0%80%ae%e0%80%af", "%EF%BC%8E%EF%BC%8E%EF%BC%8Fsigning-keys",
    "%", "%zz", "%e9", "%ff%fe", "%00", "%20", "*", "~root", "%7e", "-", "'%20OR%20'1'='1", "%27;--", "$(id)", "%60id%60",
    "{id}%00", "{id}%00.png", "%00{id}", "{id}%20", "%20{id}", "{id}%0a", "{id}%0d%0aSet-Cookie:%20a=b", "{id}/..", "{id}/.",
    "{id}%2f", "{id}%2f..%2f{id}", "../files/{id}", "{id};x=1", "{id}.", "{id}.png", "{id}{id}", "{id}%e2%80%8b",
    "a" * 10_000, "%41" * 4_000, "a/" * 4_000, "../" * 4_000,
]  # fmt: skip

ID_ROUTES = [
    ("GET", "/v1/files/{}"),
    ("DELETE", "/v1/files/{}"),
    ("GET", "/v1/files/{}/download"),
    ("HEAD", "/v1/files/{}/download"),
    ("POST", "/v1/files/{}/upload-url"),
    ("POST", "/v1/files/{}/revoke-urls"),
    ("DELETE", "/v1/keys/{}"),
    ("POST", "/v1/keys/{}/rotate"),
]
NOT_THERE = {"FILE_NOT_FOUND", "KEY_NOT_FOUND", "NOT_FOUND", "METHOD_NOT_ALLOWED"}


@pytest.mark.parametrize(("method", "route"), ID_ROUTES)
def test_no_path_of_the_api_leads_anywhere_else(server, owner, real, method, route):
    for text in TRAVERSALS:
        path = route.format(text.replace("{id}", real))
        request = head(method, server.api + path, f"Authorization: Bearer {owner.key}", "Connection: close")
        status, sent, body = _exchange(address_of(server.api), request, method)
        # The last resort is the HTTP parser's, which has no body to its answer.
        assert status in (404, 405) or (status, body) == (400, b""), (path, status, body)
        assert "set-cookie" not in sent, path
        if body:
            assert json.loads(body)["error"]["code"] in NOT_THERE, path


def _exchange(address, request, method):
    with Connection(address) as connection:
        connection.send(request)
        return connection.response(head_only=method == "HEAD")


@pytest.mark.parametrize(("method", "folder"), [("GET", "files"), ("HEAD", "files"), ("PUT", "uploads")])
def test_no_path_of_the_storage_origin_leads_anywhere_else(server, real, method, folder):
    """Each is genuinely signed, so that only the path is what is wrong."""
    for text in TRAVERSALS:
        wire = f"/{folder}/" + text.replace("{id}", real)
        # Decoded once and encoded again, as S3 signs; botocore signs a path as it stands.
        signed = urllib.parse.quote(urllib.parse.unquote_to_bytes(wire), safe="/-_.~")
        lines = {"Content-Type": "image/png"} if method == "PUT" else {}
        url = presign(server, method, signed, headers=lines).replace(signed, wire, 1)
        lines = ["Content-Type: image/png", "Content-Length: 0"] if method == "PUT" else []
        status, sent, body = _exchange(server.storage_address, head(method, url, *lines), method)
        assert status == 404, (wire, status, body)
        assert "set-cookie" not in sent and (method == "HEAD" or b"<Code>NoSuchKey</Code>" in body), wire


def _cursor(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


CURSORS = [
    "..", "../../signing-keys", "/etc/passwd", "a", "'", "' OR 1=1 --", "\0", "\r\nSet-Cookie: a=b", "\u202e", "*", "-1", "0",
    "null", "9" * 30, "a" * 10_000, _cursor(b"x" * 15), _cursor(b"x" * 17), _cursor(b"../../signing-keys"), "====",
]  # fmt: skip


@pytest.mark.parametrize("cursor", CURSORS, ids=range(len(CURSORS)))
def test_a_cursor_of_our_own_making_is_refused(owner, cursor):
    response = owner.get("/v1/files?cursor=" + urllib.parse.quote(cursor, safe=""))
    assert fields(response) == ["cursor"]
    assert "Set-Cookie" not in response.headers


def test_a_cursor_of_another_organization_shows_ones_own_files_only(server, owner, real):
    other = server.client("other-names")
    for _ in range(3):
        other.upload(b"x")
    cursor = other.get("/v1/files?limit=1").json()["next_cursor"]
    listed = owner.get(f"/v1/files?limit=1000&cursor={cursor}").json()["files"]
    mine = {file["file_id"] for file in owner.get("/v1/files?limit=1000").json()["files"]}
    assert real in mine and {file["file_id"] for file in listed} <= mine
    for data in (b"\0" * 16, b"\xff" * 16):
        assert owner.get(f"/v1/files?cursor={_cursor(data)}").status_code in (200, 400)


ORGANIZATIONS = [
    "..", "../default", "default/../names", "names/", "/names", "names%00", "names%2f..", "NAMES", "Names", "-names", "_names",
    "na mes", "names,default", "names;default", "*", "'; DROP TABLE files; --", "n\u0430mes", "names\u200b", "\u202esnames",
    "\uff4e\uff41\uff4d\uff45\uff53", "a" * 65, "a" * 10_000, "{}",
]  # fmt: skip


@pytest.mark.parametrize("organization", ORGANIZATIONS, ids=range(len(ORGANIZATIONS)))
def test_nothing_but_an_organization_id_names_an_organization(gateway, real, organization):
    header = {"X-Organization-ID": organization.encode()}
    error(gateway.get(f"/v1/files/{real}", headers=header), 400, "INPUT_VALIDATION_ERROR")
    error(gateway.post("/v1/files/upload", headers=header, json={}), 400, "INPUT_VALIDATION_ERROR")
    for path, rest in (("/v1/files/resolve", {"file_ids": [real]}), ("/v1/inputs/resolve", {"input": real})):
        assert fields(gateway.post(path, json={"organization_id": organization, **rest})) == ["organization_id"]


@pytest.mark.parametrize("organization", ["\0", "names\0", "\r\n", "names\nX: y", "", " names", "names "])
def test_an_organization_in_a_body_is_not_trimmed(gateway, real, organization):
    for path, rest in (("/v1/files/resolve", {"file_ids": [real]}), ("/v1/inputs/resolve", {"input": real})):
        assert fields(gateway.post(path, json={"organization_id": organization, **rest})) == ["organization_id"]


def test_two_organizations_are_none(server, gateway, real):
    lines = ["X-Organization-ID: names", "X-Organization-ID: default", f"Authorization: Bearer {gateway.key}"]
    status, _, body = exchange(address_of(server.api), head("GET", f"{server.api}/v1/files/{real}", *lines))
    assert (status, json.loads(body)["error"]["code"]) == (400, "INPUT_VALIDATION_ERROR")


@pytest.mark.parametrize(
    "key", ["../../signing-keys", "/etc/passwd", "..\\..", "'; DROP TABLE files; --", "%00%0d%0a", "${x}", "*", "<b>"]
)
def test_an_idempotency_key_is_only_compared(owner, key):
    body = {"filename": "a.bin", "content_type": BYTES, "size_bytes": 1}
    answers = [owner.post("/v1/files/upload", json=body, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["file_id"] == answers[1].json()["file_id"]


@pytest.mark.parametrize("text", ["../../x", "mine", "<script>", "a" * 10_000])
def test_a_request_id_is_never_taken_over(server, owner, real, text):
    name = {"X-Request-ID": text, "x-amz-request-id": text}
    answers = [owner.get(f"/v1/files/{real}", headers=name), owner.get("/v1/files/x", headers=name)]
    answers.append(http("GET", owner.url(real), headers={"X-Request-ID": text}))
    for answer in answers:
        assert text not in "".join(answer.headers.values()) + answer.text
