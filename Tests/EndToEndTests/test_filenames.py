"""Filenames come back as they were given, or are refused."""

import re
import urllib.parse

import pytest
from cloakroom import http
from test_api import fields
from untouched import BYTES, ORGANIZATION, gateway, owner, real, untouched

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
