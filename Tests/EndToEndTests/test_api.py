"""The API: fields, answers, listing, both authorization schemes."""

import hashlib
import os
import re

import pytest
from cloakroom import command, http, put

FILE_ID = re.compile(r"file_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def error(response, status, code):
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "details", "request_id"}
    assert (response.status_code, body["error"]["code"]) == (status, code), body
    assert body["error"]["request_id"] == response.headers["X-Request-ID"]
    return body["error"]


def fields(response):
    details = error(response, 400, "INPUT_VALIDATION_ERROR")["details"]
    return sorted(field["field"] for field in details["fields"])


def test_a_ticket(client):
    ticket = client.mint(10)
    assert set(ticket) == {"file_id", "upload_url", "expires_at", "method", "headers"}
    assert FILE_ID.fullmatch(ticket["file_id"]) and TIME.fullmatch(ticket["expires_at"])
    assert (ticket["method"], ticket["headers"]) == ("PUT", {"Content-Type": "image/png"})
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost" in ticket["upload_url"]


GOOD = {"filename": "a.png", "content_type": "image/png", "size_bytes": 1}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"filename": None}, ["filename"]),
        ({"filename": 1}, ["filename"]),
        ({"filename": ""}, ["filename"]),
        ({"filename": "a" * 256}, ["filename"]),
        ({"filename": "a/b"}, ["filename"]),
        ({"filename": "a\\b"}, ["filename"]),
        ({"filename": "a\nb"}, ["filename"]),
        ({"filename": "a\x7fb"}, ["filename"]),
        ({"filename": "a\x85b"}, ["filename"]),
        ({"content_type": "png"}, ["content_type"]),
        ({"content_type": "foo/bar"}, ["content_type"]),
        ({"content_type": "image/"}, ["content_type"]),
        ({"content_type": "image/png\r\nA: b"}, ["content_type"]),
        ({"content_type": "image/jpeg"}, ["content_type"]),
        ({"content_type": "audio/mpeg"}, ["content_type"]),
        ({"size_bytes": 0}, ["size_bytes"]),
        ({"size_bytes": -1}, ["size_bytes"]),
        ({"size_bytes": 104_857_601}, ["size_bytes"]),
        ({"size_bytes": 1.5}, ["size_bytes"]),
        ({"size_bytes": "1"}, ["size_bytes"]),
        ({"size_bytes": True}, ["size_bytes"]),
        ({"size_bytes": 10**30}, ["size_bytes"]),
        ({"sha256": "abc"}, ["sha256"]),
        ({"sha256": 5}, ["sha256"]),
        ({"filename": "", "content_type": "", "size_bytes": 0}, ["content_type", "filename", "size_bytes"]),
    ],
)
def test_every_wrong_field_is_named(client, change, wrong):
    assert fields(client.post("/v1/files/upload", json={**GOOD, **change})) == wrong


def test_every_missing_field_is_named(client):
    response = client.post("/v1/files/upload", json={})
    assert fields(response) == ["content_type", "filename", "size_bytes"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"a"', "{'a': 1}", '{"a": NaN}', b"\xff\xfe"])
def test_a_body_that_is_no_object(client, body):
    assert fields(client.post("/v1/files/upload", data=body)) == ["body"]


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.mp3", "audio/mp3"),
        ("a.mp3", "audio/mpeg"),
        ("A.JPG", "image/jpeg"),
        ("a.jpeg", "image/jpg"),
        ("a.png", "application/octet-stream"),
        ("a.unknown", "image/png"),
        ("noextension", "video/mp4"),
        (".png", "video/mp4"),
        ("a.png", "IMAGE/PNG; a=b"),
        ("x" * 255, "text/plain"),
        ("файл ☃ \u202e.txt", "text/plain; charset=utf-8"),
    ],
)
def test_names_and_types_that_agree(client, filename, content_type):
    ticket = client.mint(1, filename, content_type)
    record = client.get(f"/v1/files/{ticket['file_id']}").json()
    assert (record["filename"], record["content_type"]) == (filename, content_type)


def test_unknown_fields_are_ignored_and_the_largest_size_is_allowed(client):
    assert client.mint(104_857_600, colour="red", sha256=None)["file_id"]


def test_a_body_over_one_mebibyte(client):
    response = client.post("/v1/files/upload", json={**GOOD, "more": "x" * 1_048_576})
    error(response, 413, "PAYLOAD_TOO_LARGE")


def test_a_record(client):
    data = os.urandom(1000)
    file_id = client.upload(data)
    record = client.get(f"/v1/files/{file_id}").json()
    assert set(record) == {
        "file_id", "filename", "content_type", "size_bytes", "status", "sha256", "created_at", "uploaded_at",
        "expires_at",
    }  # fmt: skip
    assert (record["file_id"], record["filename"], record["size_bytes"]) == (file_id, "photo.png", 1000)
    assert (record["status"], record["sha256"]) == ("ready", hashlib.sha256(data).hexdigest())
    assert TIME.fullmatch(record["created_at"]) and TIME.fullmatch(record["uploaded_at"])
    pending = client.get(f"/v1/files/{client.mint(1)['file_id']}").json()
    assert (pending["status"], pending["sha256"], pending["uploaded_at"]) == ("pending", None, None)


def test_upload_in_one_request(client):
    data = os.urandom(700_000)
    response = client.post(
        "/v1/files?filename=a%20b%2Bc.png", data=data, headers={"Content-Type": "image/png"}
    )
    assert response.status_code == 201, response.text
    record = response.json()
    assert (record["filename"], record["status"], record["size_bytes"]) == ("a b+c.png", "ready", len(data))
    assert response.headers["Location"] == f"/v1/files/{record['file_id']}"
    assert http("GET", client.url(record["file_id"])).content == data


def test_upload_in_one_request_without_a_length(client):
    data = os.urandom(1_000_000)
    parts = (data[start : start + 10_000] for start in range(0, len(data), 10_000))
    response = client.post("/v1/files?filename=x", data=parts, headers={"Content-Type": "image/png"})
    assert (response.status_code, response.json()["size_bytes"]) == (201, len(data))


def test_upload_in_one_request_refusals(client):
    assert fields(client.post("/v1/files", data=b"x")) == ["content_type", "filename"]
    headers = {"Content-Type": "image/png"}
    assert fields(client.post("/v1/files?filename=x", data=b"", headers=headers)) == ["body"]
    wrong = {**headers, "x-amz-checksum-sha256": "A" * 43 + "="}
    assert fields(client.post("/v1/files?filename=x", data=b"x", headers=wrong)) == ["x-amz-checksum-sha256"]
    before = client.get("/v1/files").json()["files"][0]
    error(
        client.post("/v1/files?filename=x", data=b"x" * 104_857_601, headers=headers), 413, "PAYLOAD_TOO_LARGE"
    )
    assert client.get("/v1/files").json()["files"][0] == before


def test_download_in_its_three_forms(client):
    data = os.urandom(600_000)
    file_id = client.upload(data)
    path = f"/v1/files/{file_id}/download"
    assert client.get(path).content == data
    ticket = client.get(path, headers={"Accept": "application/json"}).json()
    assert set(ticket) == {"url", "expires_at", "content_type", "size_bytes"}
    assert (ticket["content_type"], ticket["size_bytes"]) == ("image/png", len(data))
    redirect = client.get(path + "?redirect=true", allow_redirects=False)
    assert redirect.status_code == 307
    assert http("GET", redirect.headers["Location"]).content == data
    assert client.get(path + "?redirect=true").content == data
    assert fields(client.get(path + "?redirect=maybe")) == ["redirect"]


def test_download_of_bytes_knows_ranges_conditions_and_head(client):
    data = os.urandom(600_000)
    path = f"/v1/files/{client.upload(data)}/download"
    whole = client.get(path)
    part = client.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    error(client.get(path, headers={"Range": "bytes=600000-"}), 416, "RANGE_NOT_SATISFIABLE")
    tag = whole.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    error(client.get(path, headers={"If-Match": '"other"'}), 412, "PRECONDITION_FAILED")
    head = client.request("HEAD", path)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(data)))
    assert whole.headers["X-Content-Type-Options"] == "nosniff"


def test_a_pending_file_cannot_be_downloaded(client):
    path = f"/v1/files/{client.mint(1)['file_id']}/download"
    for options in ({}, {"headers": {"Accept": "application/json"}}):
        error(client.get(path, **options), 404, "FILE_NOT_FOUND")
    error(client.get(path + "?redirect=true"), 404, "FILE_NOT_FOUND")


def test_listing(server):
    client = server.client("listing")
    ids = [client.upload(b"x", f"{index}.png") for index in range(7)]
    ids.append(client.upload(b"x", "a.txt", "text/plain; charset=utf-8"))
    ids.append(client.mint(1, "b.mp4", "video/mp4")["file_id"])
    newest_first = ids[::-1]

    def page(query):
        body = client.get("/v1/files" + query).json()
        return [file["file_id"] for file in body["files"]], body["next_cursor"]

    assert page("") == (newest_first, None)
    first, cursor = page("?limit=4")
    assert first == newest_first[:4] and cursor
    # Files that come and go between two pages move nothing.
    client.delete(f"/v1/files/{newest_first[1]}")
    client.mint(1)
    assert page(f"?limit=4&cursor={cursor}")[0] == newest_first[4:8]
    assert page(f"?limit=4&cursor={page(f'?limit=4&cursor={cursor}')[1]}") == (newest_first[8:], None)
    assert page("?content_type=image/*&status=ready")[0] == ids[6::-1]
    assert page("?content_type=image/png&limit=2&status=ready")[0] == ids[6:4:-1]
    assert page("?content_type=text/plain")[0] == []
    assert len(page("?status=pending")[0]) == 2
    assert page("?content_type=video/*&status=ready") == ([], None)
    wrong = client.get("/v1/files?limit=0&cursor=x&status=old&content_type=*/png")
    assert fields(wrong) == ["content_type", "cursor", "limit", "status"]


def test_deletion_is_final(client):
    file_id = client.upload(b"x")
    assert client.delete(f"/v1/files/{file_id}").status_code == 204
    error(client.delete(f"/v1/files/{file_id}"), 404, "FILE_NOT_FOUND")
    error(client.get(f"/v1/files/{file_id}"), 404, "FILE_NOT_FOUND")
    assert file_id not in client.get("/v1/files").text


def test_both_authorization_schemes(server, client):
    for scheme in ("Bearer", "Key", "bearer", "KEY"):
        assert http("GET", server.api + "/v1/files", headers={"Authorization": f"{scheme} {client.key}"}).ok


def test_all_bad_keys_get_the_same_answer(server):
    key = server.key()
    revoked = server.key("revoked-keys")
    listed = command("keys", "list", data_dir=server.data_dir).stdout
    [key_id] = [line.split("\t")[0] for line in listed.splitlines() if "\trevoked-keys\t" in line]
    command("keys", "revoke", key_id, data_dir=server.data_dir)
    flipped = key[:-1] + ("0" if key[-1] != "0" else "1")
    unknown = "sk_" + "0" * 64 + "34b1e4cb"  # CRC-32 of 64 zeros, by zlib
    values = [None, "", "Bearer", f"Basic {key}", key, f"Bearer {flipped}", f"Bearer {unknown}", f"Bearer {key} x"]
    bodies = set()
    assert http("GET", server.api + "/v1/files", headers={"Authorization": f"Bearer {key}"}).ok
    for value in [*values, f"Bearer {revoked}"]:
        headers = {} if value is None else {"Authorization": value}
        response = http("GET", server.api + "/v1/files", headers=headers)
        found = error(response, 401, "UNAUTHORIZED")
        assert response.headers["WWW-Authenticate"] == "Bearer"
        bodies.add((found["message"], str(found["details"])))
    assert len(bodies) == 1


def test_the_crc_of_64_zeros():
    import zlib

    assert f"{zlib.crc32(b'0' * 64):08x}" == "34b1e4cb"


def test_permissions(server, client):
    file_id = client.upload(b"x")
    reader = server.client("default", "files:read")
    writer = server.client("default", "files:write")
    manager = server.client("default", "keys:manage")
    reads = [("GET", "/v1/files"), ("GET", f"/v1/files/{file_id}"), ("GET", f"/v1/files/{file_id}/download")]
    writes = [("POST", "/v1/files/upload"), ("POST", "/v1/files?filename=x"), ("DELETE", f"/v1/files/{file_id}")]
    for allowed, denied, routes in ((reader, writer, reads), (writer, reader, writes)):
        for method, path in routes:
            error(denied.request(method, path, json={}), 403, "FORBIDDEN")
            error(manager.request(method, path, json={}), 403, "FORBIDDEN")
            assert allowed.request(method, path, json={}).status_code != 403


def test_routes_and_methods(client):
    error(client.get("/"), 404, "NOT_FOUND")
    error(client.get("/v1"), 404, "NOT_FOUND")
    error(client.get("/v1/files/a/b/c"), 404, "NOT_FOUND")
    response = client.request("PUT", "/v1/files/upload", json={})
    error(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "POST"
    response = client.request("PATCH", f"/v1/files/file_{'0' * 8}-0000-0000-0000-{'0' * 12}")
    error(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "DELETE, GET, HEAD"


def test_openapi_needs_no_key(server):
    response = http("GET", server.api + "/openapi.yaml")
    assert response.status_code == 200 and response.text.startswith("openapi: 3.1")


def test_a_refused_upload_is_not_read(server):
    from raw import Connection

    host = server.api.removeprefix("http://")
    address = (host.split(":")[0], int(host.split(":")[1]))
    with Connection(address) as connection:
        connection.send(
            f"POST /v1/files?filename=x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 104857600\r\n\r\n".encode()
        )
        status, sent, _ = connection.response()
        assert (status, sent["connection"]) == (401, "close")
        assert connection.is_closed()


def test_expect_100_continue(server, client):
    from raw import Connection

    host = server.api.removeprefix("http://")
    address = (host.split(":")[0], int(host.split(":")[1]))
    with Connection(address) as connection:
        connection.send(
            f"POST /v1/files?filename=x HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\n"
            f"Authorization: Bearer {client.key}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.response()[0] == 100
        connection.send(b"abc")
        assert connection.response()[0] == 201


def test_put_body_helper_is_not_the_api(client):
    # The API origin serves no presigned URL and the storage origin no API.
    ticket = client.mint(1)
    moved = ticket["upload_url"].replace(client.server.storage, client.server.api)
    assert put(moved, b"x").status_code == 404
    assert http("GET", client.server.storage + "/v1/files").status_code == 403
