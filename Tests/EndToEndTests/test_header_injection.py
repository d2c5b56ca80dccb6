"""Texts that end up in a field or an error: no other field, and no markup, comes of them."""

import json
import re
import urllib.parse
import xml.etree.ElementTree

import pytest
from cloakroom import error_code, http
from raw import exchange, head, target
from signing import presign
from test_api import fields
from untouched import owner, real, untouched

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
