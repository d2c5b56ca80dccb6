"""Every place that takes a name or a text, given the worst: paths, header injection, odd characters, JSON bombs."""

import base64
import concurrent.futures
import json
import re
import urllib.parse
import xml.etree.ElementTree

import pytest
from cloakroom import EVIDENCE, error_code, http, put
from raw import Connection, exchange, head, target
from signing import presign
from smuggling import address_of
from test_api import error, fields

ORGANIZATION = "names"
PERMISSIONS = ["files:read", "files:write", "keys:manage"]
BYTES = "application/octet-stream"


@pytest.fixture(scope="module")
def owner(server):
    return server.client(ORGANIZATION, *PERMISSIONS)


@pytest.fixture(scope="module")
def gateway(server):
    return server.client("", "files:read", "files:write", gateway=True)


@pytest.fixture(scope="module")
def real(owner):
    """A file that is there, for names that almost are its id."""
    return owner.upload(b"real", "a.bin", BYTES)


@pytest.fixture(autouse=True)
def untouched(server, owner, real):
    """Whatever a test sends, the data directory has the same files, the same keys, and serves."""

    def state():
        return sorted(path.name for path in server.data_dir.iterdir()), (server.data_dir / "signing-keys").read_bytes()

    before = state()
    yield
    assert state() == before and server.process.poll() is None
    assert http("GET", owner.url(real)).content == b"real"


# Paths

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


# Filenames

NAMES = [
    # Written from right to left, and what turns it around.
    "invoice\u202egpj.exe", "\u202eexe.\u202c", "\u2066a\u2069.bin", "\u200fabc\u200e", "\u061c\u05d0\u05d1.bin", "\u0627\u0644.bin",
    # Nothing to see.
    "\u200b", "\u200b\u200c\u200d\u2060\ufeff.bin", "\u00ad.bin", "\u3164", "\u2800", "\U000e0041\U000e007f", "\u00a0", " ", " a ",
    # Looks the same, and is another name.
    "\u0430.bin", "e\u0301.bin", "\u00e9.bin", "\u212b.bin", "\ufb01.bin", "\u2024\u2024\u2215", "\uff0e\uff0e\uff0f",
    "\u2028\u2029.bin", "\ufffd.bin", "\ufffe\uffff.bin", "\U0010ffff.bin", "\ue000.bin",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467.bin", "a" + "\u0301" * 254, "\U0001f600" * 255, "\u0301" * 255, "a" * 255,
    # Means something to somebody.
    "..", ".", "...", "~", "-rf", "CON", "NUL.txt", "aux.bin", "a:b", "a.bin:$DATA", "a.", "a ", "*", "?", "|", "$(id)", "`id`", "${x}",
    "%2e%2e%2fa", "%00", "%", "%0d%0aSet-Cookie: a=b", "=?utf-8?B?Li4v?=", "UTF-8''a", "a; filename=b", "a\"; filename=\"b",
    "\"", "'", "a,b", "a=b", "<script>alert(1)<b>", "&lt;", "{{7*7}}", "'; DROP TABLE files; --", "\u2018\u2019", "\u00a5",
]  # fmt: skip

# RFC 6266 §4.1 and RFC 8187 §3.2.1.
DISPOSITION = re.compile(
    r'(?:inline|attachment); filename="([ !#$&-\[\]-~]*)"'
    r"(?:; filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+))?"
)


def shown_name(response):
    """The name that a browser would take from an answer."""
    value = response.headers["Content-Disposition"]
    parts = DISPOSITION.fullmatch(value)
    assert parts, value
    return parts[1] if parts[2] is None else urllib.parse.unquote(parts[2], errors="strict")


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[1:40] for name in NAMES])
def test_a_name_comes_back_as_it_was_given(owner, gateway, name):
    file_id = owner.upload(b"bytes", name, BYTES)
    query = "/v1/files?filename=" + urllib.parse.quote(name, safe="")
    direct = owner.post(query, data=b"bytes", headers={"Content-Type": BYTES})
    assert direct.status_code == 201, direct.text
    body = {"organization_id": ORGANIZATION, "file_ids": [file_id]}
    resolved = gateway.post("/v1/files/resolve", json=body).json()["files"][file_id]
    listed = owner.get("/v1/files?limit=2").json()["files"]
    records = [owner.get(f"/v1/files/{file_id}").json(), direct.json(), resolved, *listed]
    assert [record["filename"] for record in records] == [name] * 5
    for answer in (
        http("GET", owner.url(file_id)),
        http("GET", owner.url(direct.json()["file_id"])),
        http("HEAD", resolved["url"]),
        owner.get(f"/v1/files/{file_id}/download"),
    ):
        assert shown_name(answer) == name
        assert "Set-Cookie" not in answer.headers


UNFIT = [
    "\r\nSet-Cookie: a=b", "a\rb", "a\nb", "\0", "a\0.png", "\t", "\x1b[31m", "\x08", "\x7f", "\x80", "\x85", "\x9b31m", "\x9f",
    "/", "a/b", "../a", "\\", "..\\a", "a/", "", "a" * 256, "\U0001f600" * 256,
]  # fmt: skip


@pytest.mark.parametrize("name", UNFIT, ids=[ascii(name)[1:40] for name in UNFIT])
def test_a_name_with_what_no_name_has_is_refused(owner, name):
    before = owner.get("/v1/files?limit=1").json()
    declared = owner.post("/v1/files/upload", json={"filename": name, "content_type": BYTES, "size_bytes": 1})
    query = "/v1/files?filename=" + urllib.parse.quote(name, safe="")
    sent = owner.post(query, data=b"x", headers={"Content-Type": BYTES})
    for response in (declared, sent):
        assert fields(response) == ["filename"]
        assert "Set-Cookie" not in response.headers
    assert owner.get("/v1/files?limit=1").json() == before


@pytest.mark.parametrize("query", ["%ff", "%ed%a0%80", "%c0%af", "%f4%90%80%80"])
def test_a_name_that_is_no_utf_8_does_no_harm(owner, query):
    response = owner.post(f"/v1/files?filename={query}", data=b"x", headers={"Content-Type": BYTES})
    assert response.status_code in (201, 400)
    if response.status_code == 201:
        name = response.json()["filename"]
        assert shown_name(http("GET", owner.url(response.json()["file_id"]))) == name
        assert "/" not in name


# Header injection

TYPES = [
    "image/png\r\nSet-Cookie: a=b", "image/png\rX: y", "image/png\nX: y", "image/png\0", "image/png\x0b", "image/png\x7f",
    'image/png; a="b\r\nX: y"', 'image/png; a="\\\r\\\nX: y"', 'image/png; a="\0"', 'image/png; a="b', "image/png, text/html",
    "image/png text/html", "image/png;a", "*/*", "image/*", "text/html\u0085", "image\u2044png", "\ufeffimage/png",
]  # fmt: skip


@pytest.mark.parametrize("content_type", TYPES, ids=[ascii(text)[1:50] for text in TYPES])
def test_a_type_that_is_none_is_refused(owner, content_type):
    body = {"filename": "a", "content_type": content_type, "size_bytes": 1}
    response = owner.post("/v1/files/upload", json=body)
    assert fields(response) == ["content_type"]
    assert "Set-Cookie" not in response.headers


PARAMETERS = ["response-content-type", "response-content-disposition", "response-cache-control"]
INJECTIONS = [
    "a\r\nSet-Cookie: a=b", "a\r\n\r\n<script>", "\r\n folded", "a\rX: y", "a\nX: y", "\n", "\0", "a\0b", "a\x01", "a\x0b", "a\x1b[0m",
    "a\x7f",
]  # fmt: skip


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("text", INJECTIONS, ids=ascii)
def test_a_signed_value_with_a_control_character_is_refused(server, real, name, text):
    response = http("GET", presign(server, "GET", f"/files/{real}", params={name: text}))
    assert (response.status_code, error_code(response)) == (400, "InvalidArgument")
    assert name in response.text and "Set-Cookie" not in response.headers and "X" not in response.headers


TEXTS = ["a%0d%0aSet-Cookie: a=b", "a%00", "a\\r\\nX: y", 'a; b="c"', "x" * 4_000, "a\tb"]


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_signed_value_comes_back_as_it_was_signed(server, real, name, text):
    """It is decoded once: what was encoded twice stays encoded."""
    response = http("GET", presign(server, "GET", f"/files/{real}", params={name: text}))
    field = {"response-cache-control": "Cache-Control"}.get(name, name.removeprefix("response-"))
    assert (response.status_code, response.content, response.headers[field]) == (200, b"real", text)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("name", PARAMETERS)
def test_signed_bytes_beyond_ascii_stay_in_their_field(server, real, name):
    text = "a\u0085\u202e\u2028\u00e9"
    status, sent, body = exchange(
        server.storage_address, head("GET", presign(server, "GET", f"/files/{real}", params={name: text}))
    )
    assert (status, body) == (200, b"real")
    assert sent[name.removeprefix("response-")].encode("latin-1") == text.encode()


ACTIVE = [
    "text/html", "TEXT/HTML", " text/html", "text/html ", "text/html;charset=utf-8", "text/html ; a=b", "\ttext/html", "text/html;",
    "image/svg+xml", "image/SVG+XML ;a", "application/atom+xml", "application/xhtml+xml", "text/javascript", "application/wasm",
    # Of a list, a browser takes the last type that it can read (Fetch standard, "extract a MIME type").
    "image/png, text/html", "image/png,text/html;charset=utf-8", "image/png;a=b, image/svg+xml", ",text/html",
]  # fmt: skip


@pytest.mark.parametrize("disposition", [None, "inline", "inline; filename=a", "INLINE", "", ";", "attachment, inline"])
@pytest.mark.parametrize("content_type", ACTIVE)
def test_whatever_is_signed_what_a_browser_would_run_is_an_attachment(server, real, content_type, disposition):
    params = {"response-content-type": content_type}
    if disposition is not None:
        params["response-content-disposition"] = disposition
    response = http("GET", presign(server, "GET", f"/files/{real}", params=params))
    assert response.status_code == 200
    assert re.match(r"attachment\s*(;|$)", response.headers["Content-Disposition"]), response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "]]><x/>", "&a;", "\"'", "\x80\xff", "image/png<!--"])
def test_what_an_error_repeats_is_no_markup(server, owner, text):
    """A type that arrived is told to the client that sent it, as text."""
    ticket = owner.mint(1)
    path, authority = target(ticket["upload_url"])
    lines = f"PUT {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 1\r\nContent-Type: {text}\r\n"
    for accept, kind in (("", "application/xml"), ("Accept: application/json\r\n", "application/json")):
        status, sent, body = exchange(server.storage_address, f"{lines}{accept}\r\nx".encode("latin-1"))
        assert (status, sent["content-type"], sent["x-content-type-options"]) == (400, kind, "nosniff")
        if accept:
            received = json.loads(body)["Error"]["Received"]
        else:
            assert b"<script" not in body and b"<x/>" not in body
            received = xml.etree.ElementTree.fromstring(body).findtext("Received")
        # Bytes that are no UTF-8 are replaced.
        assert received == text.encode("latin-1").decode("utf-8", "replace")


@pytest.mark.parametrize("text", ["</script><script>", "\u2028", "\"}", "\\"])
def test_what_a_json_error_repeats_is_json(owner, text):
    query = urllib.parse.quote(text, safe="")
    response = owner.get(f"/v1/files?limit={query}&status={query}&content_type={query}")
    assert fields(response) == ["content_type", "limit", "status"]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert all(text in field["reason"] for field in response.json()["error"]["details"]["fields"])


# JSON

MEBIBYTE = 1_048_576
TAKEN, REFUSED, EITHER = "taken", "refused", "either"


@pytest.fixture(scope="module")
def routes(owner, gateway, real):
    """Every route that takes JSON: who may, where, a good body, and the status of success."""

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


ROUTES = ["upload", "keys", "rotate", "files", "inputs"]


def send(routes, route, change):
    """Sends a changed body; returns the answer, whether it is a success."""
    client, path, good, success = routes[route]
    text = change(json.dumps(good))
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    response = client.post(path(), data=data)
    if response.status_code == success and "key" in response.json():
        EVIDENCE.secret(response.json()["key"])
    return response, response.status_code == success


def judge(response, succeeded, verdict):
    """A success or a clear refusal, as the verdict has it; never a long one."""
    assert succeeded or verdict != TAKEN, response.text[:500]
    assert not succeeded or verdict != REFUSED
    if not succeeded:
        error(response, 400, "INPUT_VALIDATION_ERROR")
        assert len(response.content) < 20_000, "the answer repeats the bomb"


# What a member may be that nobody asked for. A number is never read, and may be as long as it likes.
VALUES = {
    "arrays 60 deep": ("[" * 60 + "]" * 60, TAKEN),
    "arrays 5,000 deep": ("[" * 5_000 + "]" * 5_000, REFUSED),
    "arrays 250,000 deep": ("[" * 250_000 + "]" * 250_000, REFUSED),
    "objects 100,000 deep": ('{"a":' * 100_000 + "0" + "}" * 100_000, REFUSED),
    "both 60,000 deep": ('[{"a":' * 60_000 + "0" + "}]" * 60_000, REFUSED),
    "arrays that never end": ("[" * 500_000, REFUSED),
    "objects that never end": ('{"a":' * 100_000, REFUSED),
    "brackets that do not match": ("[" * 50 + "}" * 50, REFUSED),
    "a string that never ends": ('"' + "a" * 500_000, REFUSED),
    "an escape that never ends": ('"' + "\\" * 500_001, REFUSED),
    "an integer of 500,000 digits": ("9" * 500_000, EITHER),
    "a fraction of 500,000 digits": ("0." + "9" * 500_000, EITHER),
    "an exponent of 500,000 digits": ("1e" + "9" * 500_000, EITHER),
    "the least number": ("-1e-999999999", EITHER),
    "1 MiB of escapes": ('"' + "\\u0041" * 170_000 + '"', TAKEN),
    "1 MiB of escaped quotation marks": ('"' + '\\"' * 500_000 + '"', TAKEN),
    "1 MiB of escaped pairs": ('"' + "\\ud83d\\ude00" * 80_000 + '"', TAKEN),
    "100,000 keys": ("{" + ",".join(f'"{number:05x}":0' for number in range(100_000)) + "}", TAKEN),
    "100,000 equal keys": ("{" + ",".join(['"aaaaa":0'] * 100_000) + "}", EITHER),
    "100,000 keys that look equal": ("{" + ",".join(f'"\\u00{97 + number % 2:x}":0' for number in range(90_000)) + "}", EITHER),
    "500,000 numbers": ("[" + "0," * 499_999 + "0]", TAKEN),
    "300,000 arrays": ("[" + "[]," * 299_999 + "[]]", TAKEN),
    "a key of 1 MB": ('{"' + "k" * 1_000_000 + '":0}', TAKEN),
    "300,000 combining marks": ('"a' + "\u0301" * 300_000 + '"', TAKEN),
    "1 MB of white space": ("[" + " \t\r\n" * 250_000 + "]", TAKEN),
    "a lone surrogate": ('"\\ud800"', EITHER),
    "surrogates the wrong way round": ('"\\udc00\\ud800"', EITHER),
    "a surrogate and half an escape": ('"\\ud800\\u"', EITHER),
    "a surrogate as UTF-8": ('"\ud800"', EITHER),
    "NUL, escaped": ('"\\u0000"', TAKEN),
    "NUL": ('"\0"', EITHER),
    "a name like a prototype": ('{"__proto__":{"x":1},"constructor":{"prototype":0}}', TAKEN),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", VALUES)
def test_a_bomb_in_a_member_that_is_not_asked_for(routes, route, name):
    text, verdict = VALUES[name]
    for change in (lambda good: f'{good[:-1]}, "x": {text}}}', lambda good: f'{{"x": {text}, {good[1:]}'):
        response, succeeded = send(routes, route, change)
        judge(response, succeeded, verdict)


DOCUMENTS = {
    "two documents": (lambda good: good + good, REFUSED),
    "a document and a bracket": (lambda good: good + "]", REFUSED),
    "a document in an array": (lambda good: f"[{good}]", REFUSED),
    "only brackets": (lambda good: "[" * 1_000_000, REFUSED),
    "only closing brackets": (lambda good: "]" * 1_000_000, REFUSED),
    "only commas": (lambda good: "," * 1_000_000, REFUSED),
    "only minus signs": (lambda good: "-" * 1_000_000, REFUSED),
    "only NUL": (lambda good: "\0" * 1_000_000, REFUSED),
    "only 0xFF": (lambda good: b"\xff" * 1_000_000, REFUSED),
    "half a document": (lambda good: good[: len(good) // 2], REFUSED),
    "single quotation marks": (lambda good: good.replace('"', "'"), REFUSED),
    "a byte order mark": (lambda good: "\ufeff" + good, EITHER),
    "UTF-16": (lambda good: good.encode("utf-16"), EITHER),
    "UTF-32": (lambda good: good.encode("utf-32"), EITHER),
    "every member twice": (lambda good: f"{good[:-1]}, {good[1:]}", EITHER),
    "every member a thousand times": (lambda good: "{" + ", ".join([good[1:-1]] * 1_000) + "}", EITHER),
    "100,000 members": (lambda good: f"{good[:-1]}, " + ", ".join(f'"{n:x}":0' for n in range(90_000)) + "}", TAKEN),
    "white space to the limit": (lambda good: good + " " * (MEBIBYTE - len(good)), TAKEN),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bomb_in_the_place_of_a_body(routes, route, name):
    change, verdict = DOCUMENTS[name]
    response, succeeded = send(routes, route, change)
    judge(response, succeeded, verdict)


@pytest.mark.parametrize("route", ROUTES)
def test_a_byte_more_than_a_body_may_have_is_refused(routes, route):
    response, _ = send(routes, route, lambda good: good + " " * (MEBIBYTE + 1 - len(good)))
    error(response, 413, "PAYLOAD_TOO_LARGE")


# A bomb where something is asked for: the route, the member, its text. What is wrong with it is told in a few words.
ASKED_FOR = [
    ("upload", "filename", '"' + "a" * 1_000_000 + '"'),
    ("upload", "filename", '"a' + "\u0301" * 300_000 + '"'),
    ("upload", "filename", '"' + "\\u0000" * 100_000 + '"'),
    ("upload", "filename", b'"\xff"'),
    ("upload", "filename", b'"\xc0\xaf"'),
    ("upload", "filename", b'"\xed\xa0\x80"'),
    ("upload", "filename", b'"\xf4\x90\x80\x80"'),
    ("upload", "filename", '"\\u00"'),
    ("upload", "filename", '"\\u000\\"'),
    ("upload", "filename", '"\\u12g4"'),
    ("upload", "filename", '"\\x41"'),
    ("upload", "filename", '"\\ud800\\u12"'),
    ("upload", "filename", '"\\ud800\\\\u1234"'),
    ("upload", "filename", '"a\tb"'),
    ("upload", "filename", "[" * 400 + "]" * 400),
    ("upload", "content_type", '"' + "a" * 1_000_000 + '"'),
    ("upload", "content_type", '"a' + "\u0301" * 300_000 + '"'),
    ("upload", "content_type", '"image/png' + ";a=b" * 200_000 + '"'),
    ("upload", "size_bytes", "1" + "0" * 500_000),
    ("upload", "size_bytes", "1e999999999"),
    ("upload", "size_bytes", "18446744073709551617"),
    ("upload", "size_bytes", "1.5" + "0" * 100_000),
    ("upload", "sha256", '"' + "a" * 1_000_000 + '"'),
    ("upload", "sha256", '"a' + "\u0301" * 300_000 + '"'),
    ("keys", "name", '"' + "a" * 1_000_000 + '"'),
    ("keys", "name", '"a' + "\u0301" * 300_000 + '"'),
    ("keys", "name", b'"\xff"'),
    ("keys", "permissions", "[" + "0," * 400_000 + "0]"),
    ("keys", "permissions", '["' + "a" * 1_000_000 + '"]'),
    ("keys", "permissions", '["a' + "\u0301" * 300_000 + '"]'),
    ("rotate", "grace_period_seconds", "9" * 500_000),
    ("rotate", "grace_period_seconds", "1e400"),
    ("rotate", "grace_period_seconds", '"a' + "\u0301" * 300_000 + '"'),
    ("files", "organization_id", '"' + "a" * 1_000_000 + '"'),
    ("files", "organization_id", '"a' + "\u0301" * 300_000 + '"'),
    ("files", "file_ids", "[" + "[]," * 300_000 + "0]"),
    ("files", "accept", '["a' + "\u0301" * 300_000 + '"]'),
    ("inputs", "organization_id", '"a' + "\u0301" * 300_000 + '"'),
    ("inputs", "organization_id", b'"\xff"'),
    ("inputs", "input", "[" * 65 + "]" * 65),
    ("inputs", "input", b'"\xff"'),
    ("inputs", "input", '"\ud800"'),
    ("inputs", "accept", '{"/a": ["a' + "\u0301" * 300_000 + '"]}'),
    ("inputs", "accept", '{"' + "a" * 10_000 + '": []}'),
]


@pytest.mark.parametrize(("route", "member", "text"), ASKED_FOR, ids=range(len(ASKED_FOR)))
def test_a_bomb_in_a_member_that_is_asked_for(routes, route, member, text):
    text = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")

    def change(good):
        others = {name: value for name, value in json.loads(good).items() if name != member}
        return json.dumps({**others, member: 0})[:-2].encode() + text + b"}"

    response, succeeded = send(routes, route, change)
    judge(response, succeeded, REFUSED)


NUMBERS = [
    "-", "-0", "0", "1-2", "1+2", "1.2.3", "--1", "-1", "+1", "0123", "1e", "1e+", "1e1e1", "1.", ".5", "0x10", "1_000", "\u0661",
    "1e-1", "Infinity", "-Infinity", "NaN", "1f", "0b1", "1 2",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_size_is_refused(owner, number):
    body = f'{{"filename": "a", "content_type": "{BYTES}", "size_bytes": {number}}}'
    error(owner.post("/v1/files/upload", data=body.encode()), 400, "INPUT_VALIDATION_ERROR")


@pytest.mark.parametrize("name", ['"\\ud800"', '"a\\udc00.bin"', '"\\ud83d\\u0041"'])
def test_a_filename_with_half_a_character_is_refused_or_mended(owner, name):
    body = f'{{"filename": {name}, "content_type": "{BYTES}", "size_bytes": 1}}'
    response = owner.post("/v1/files/upload", data=body)
    assert response.status_code in (200, 400), response.text
    if response.status_code == 200:
        kept = owner.get(f"/v1/files/{response.json()['file_id']}")
        assert kept.content.decode("utf-8", "strict") and "\ufffd" in kept.json()["filename"]


def test_of_two_equal_members_one_is_taken_as_a_whole(owner):
    """Which of them, RFC 8259 §4 leaves open."""
    body = f'{{"filename": "first.bin", "filename": "second.bin", "content_type": "{BYTES}", "size_bytes": 1}}'
    response = owner.post("/v1/files/upload", data=body)
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        kept = owner.get(f"/v1/files/{response.json()['file_id']}").json()
        assert kept["filename"] in ("first.bin", "second.bin")


def test_many_bombs_at_once_leave_the_server_well(server, owner, routes):
    bombs = [VALUES[name][0] for name in VALUES if VALUES[name][1] == REFUSED] * 4

    def explode(number):
        text = bombs[number]
        response, succeeded = send(routes, ROUTES[number % len(ROUTES)], lambda good: f'{good[:-1]}, "x": {text}}}')
        return succeeded, response.status_code

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        exploding = [pool.submit(explode, number) for number in range(len(bombs))]
        data = b"bytes beside bombs"
        for _ in range(20):
            ticket = owner.mint(len(data), "a.bin", BYTES)
            assert put(ticket["upload_url"], data, BYTES).status_code == 200
        assert {bomb.result() for bomb in exploding} == {(False, 400)}
    assert server.resident_kilobytes() < 300 * 1024
