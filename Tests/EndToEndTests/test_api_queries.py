"""Queries of API requests: nothing twice, nothing that is no text, and nothing that is silently ignored."""

import hashlib
import http.client
import json
import re
import urllib.parse

import pytest
import yaml
from cloakroom import http as request
from test_api import error, fields
from untouched import BYTES, gateway, owner, real, untouched

# Every route of the API; a test compares them with its description.
ROUTES = [
    ("POST", "/v1/files/upload"), ("POST", "/v1/files"), ("GET", "/v1/files"), ("GET", "/v1/files/{id}"), ("HEAD", "/v1/files"),
    ("HEAD", "/v1/files/{id}"), ("HEAD", "/v1/keys"), ("HEAD", "/openapi.yaml"),
    ("DELETE", "/v1/files/{id}"), ("GET", "/v1/files/{id}/download"), ("HEAD", "/v1/files/{id}/download"),
    ("POST", "/v1/files/{id}/upload-url"), ("POST", "/v1/files/{id}/revoke-urls"), ("GET", "/v1/keys"),
    ("POST", "/v1/keys"), ("DELETE", "/v1/keys/{id}"), ("POST", "/v1/keys/{id}/rotate"), ("POST", "/v1/files/resolve"),
    ("POST", "/v1/inputs/resolve"), ("GET", "/openapi.yaml"), ("GET", "/v1/events"), ("HEAD", "/v1/events"),
]  # fmt: skip

REPEATED = [
    ("limit=1&limit=1", ["limit"]),
    ("limit=1&status=ready&limit=2", ["limit"]),
    ("limit=1&%6cimit=1", ["limit"]),
    ("%6C%69mit=1&li%6Dit=1", ["limit"]),
    ("redirect=true&redirect=true", ["redirect"]),
    ("colour=red&colour=blue", ["colour"]),
    ("colour&colour=", ["colour"]),
    ("a+b=1&a%20b=2", ["a b"]),
    ("a=1&b=2&a=3&b=4&a=5", ["a", "b"]),
    ("=1&=2", [""]),
    ("a=1&&a=1", ["a"]),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_parameter_that_appears_twice_is_refused_by_every_route(owner, gateway, real, method, path):
    client = gateway if path.endswith("/resolve") else owner
    path = path.replace("{id}", real)
    for query, names in REPEATED:
        response = client.request(method, f"{path}?{query}", json={} if method == "POST" else None)
        assert response.status_code == 400, query
        if method != "HEAD":
            assert fields(response) == names, query


def test_every_route_of_the_description_is_among_them(owner):
    paths = yaml.safe_load(owner.get("/openapi.yaml").text)["paths"]
    found = {
        (method.upper(), re.sub(r"\{\w+\}", "{id}", path))
        for path, operations in paths.items()
        for method in set(operations) & {"get", "head", "post", "delete"}
    }
    assert found == set(ROUTES)


def test_a_key_is_asked_for_first(server):
    assert request("GET", server.api + "/v1/files?limit=1&limit=1").status_code == 401


@pytest.mark.parametrize(
    "query", ["limit=1&Limit=2", "limit=1&limit%00=2", "limit=1&limi=t", "colour=red", "&", "limit=1&", "a&b"]
)
def test_other_parameters_are_ignored(owner, query):
    assert owner.get(f"/v1/files?{query}").status_code == 200


def refused(client, method, target, data=None):
    """Sends a target as it stands, which requests would encode; returns the fields that are refused."""
    connection = http.client.HTTPConnection(client.server.api.removeprefix("http://"), timeout=60)
    connection.request(method, target, data, {"Authorization": f"Bearer {client.key}", "Content-Type": BYTES})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    assert response.status == 400, body
    return [field["field"] for field in body["error"]["details"]["fields"]]


@pytest.mark.parametrize("text", ["%ff", "%", "%4", "%zz", "100%", "%c0%af", "%ed%a0%80", "a%e9b", "%+1"])
def test_a_query_that_is_no_text_is_refused(owner, text):
    assert refused(owner, "GET", f"/v1/files?status={text}&limit=1") == ["status"]
    assert refused(owner, "POST", f"/v1/files?filename=a{text}", b"x") == ["filename"]
    assert refused(owner, "GET", f"/v1/files?{text}=1") == [text]


def upload(owner, data, headers=None, **query):
    path = "/v1/files?" + urllib.parse.urlencode({"filename": "a.bin", **query})
    return owner.post(path, data=data, headers={"Content-Type": BYTES} if headers is None else headers)


def test_a_digest_in_the_query_is_checked(owner):
    digest = hashlib.sha256(b"bytes").hexdigest()
    for written in (digest, digest.upper()):
        response = upload(owner, b"bytes", sha256=written)
        assert response.status_code == 201 and response.json()["sha256"] == digest
    before = owner.get("/v1/files?limit=1").json()
    assert fields(upload(owner, b"other bytes", sha256=digest)) == ["sha256"]
    assert digest in error(upload(owner, b"x" * 300_000, sha256=digest), 400, "INPUT_VALIDATION_ERROR")["message"]
    for malformed in ("", digest[:-1], digest + "0", "g" * 64):
        assert fields(upload(owner, b"bytes", sha256=malformed)) == ["sha256"]
    assert owner.get("/v1/files?limit=1").json() == before


def test_a_type_in_the_query_is_refused_where_the_body_is_the_file(owner):
    before = owner.get("/v1/files?limit=1").json()
    for content_type in ("image/png", BYTES, ""):
        assert fields(upload(owner, b"bytes", content_type=content_type)) == ["content_type"]
    assert owner.get("/v1/files?limit=1").json() == before


def test_a_form_takes_both_from_the_query(owner):
    digest = hashlib.sha256(b"bytes").hexdigest()
    query = urllib.parse.urlencode({"sha256": digest, "content_type": "audio/mpeg"})
    response = owner.post(f"/v1/files?{query}", files={"file": ("a.mp3", b"bytes")})
    assert response.status_code == 201 and response.json()["content_type"] == "audio/mpeg"
    assert fields(owner.post(f"/v1/files?{query}", files={"file": ("a.mp3", b"other bytes")})) == ["sha256"]
