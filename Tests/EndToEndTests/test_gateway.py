"""What a gateway asks for organizations: references turned into URLs."""

import hashlib
import json
import os
import uuid

import pytest
from cloakroom import http, put
from raw import Connection


@pytest.fixture(scope="module")
def gateway(server):
    return server.client(gateway=True)


def resolve(gateway, file_ids, organization="default", **fields):
    return gateway.post("/v1/files/resolve", json={"organization_id": organization, "file_ids": file_ids, **fields})


def error(response):
    return response.json()["error"]


def without_ids(response):
    body = response.json()
    body["error"]["request_id"] = body["error"]["details"]["file_ids"] = None
    return body


def test_references_become_urls(gateway, client):
    bodies = [os.urandom(size) for size in (1, 5_000, 70_000)]
    ids = [client.upload(body) for body in bodies]
    files = resolve(gateway, ids).json()["files"]
    assert list(files) == ids
    for file_id, body in zip(ids, bodies):
        file = files[file_id]
        assert set(file) == {"url", "expires_at", "filename", "content_type", "size_bytes", "sha256"}
        assert http("GET", file["url"]).content == body
        assert (file["size_bytes"], file["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
        shown = client.get(f"/v1/files/{file_id}").json()
        assert (file["filename"], file["content_type"]) == (shown["filename"], shown["content_type"])


def test_a_reference_sent_twice_is_resolved_once(gateway, client):
    file_id = client.upload(b"bytes")
    assert list(resolve(gateway, [file_id, file_id]).json()["files"]) == [file_id]


def test_a_thousand_references_and_no_more(gateway, client):
    file_id = client.upload(b"bytes")
    ids = [file_id] + [f"file_{uuid.uuid4()}" for _ in range(999)]
    response = resolve(gateway, ids)
    assert (response.status_code, error(response)["code"]) == (404, "FILE_NOT_FOUND")
    assert error(response)["details"]["file_ids"] == ids[1:]
    response = resolve(gateway, ids + ["file_"])
    assert (response.status_code, error(response)["details"]["fields"][0]["field"]) == (400, "file_ids")


def test_whatever_is_missing_is_missing_in_the_same_way(server, gateway, client):
    pending = client.mint(5)["file_id"]
    deleted = client.upload(b"bytes")
    client.delete(f"/v1/files/{deleted}")
    foreign = server.client("somebody-else").upload(b"bytes")
    ready = client.upload(b"bytes")
    answers = []
    for missing in (pending, deleted, foreign, f"file_{uuid.uuid4()}", "no file id", "", "file_\u00e4"):
        response = resolve(gateway, [ready, missing])
        assert (response.status_code, error(response)["details"]["file_ids"]) == (404, [missing])
        answers.append(without_ids(response))
    assert all(answer == answers[0] for answer in answers)


def test_every_file_of_another_type_is_listed(gateway, client):
    image = client.upload(b"image")
    sounds = [client.upload(b"sound", "a.mp3", "audio/mpeg") for _ in range(2)]
    for accepted in (["image/*"], ["image/png", "text/plain"], ["IMAGE/PNG"]):
        response = resolve(gateway, [image, *sounds], accept=accepted)
        assert (response.status_code, error(response)["code"]) == (422, "FILE_FORMAT_UNSUPPORTED")
        details = error(response)["details"]
        assert details["files"] == [{"file_id": sound, "content_type": "audio/mpeg"} for sound in sounds]
        assert details["accept"] == [text.lower() for text in accepted]
    for accepted in (["*/*"], ["image/*", "audio/mpeg"]):
        assert resolve(gateway, [image, *sounds], accept=accepted).status_code == 200


def test_a_missing_file_goes_before_one_of_another_type(gateway, client):
    sound = client.upload(b"sound", "a.mp3", "audio/mpeg")
    assert resolve(gateway, [sound, "file_x"], accept=["image/*"]).status_code == 404


@pytest.mark.parametrize(
    "body, fields",
    [
        ({}, {"organization_id", "file_ids"}),
        ({"organization_id": "UPPER", "file_ids": "file_1"}, {"organization_id", "file_ids"}),
        ({"organization_id": 1, "file_ids": []}, {"organization_id", "file_ids"}),
        ({"organization_id": "acme", "file_ids": ["file_1", 2, None]}, {"file_ids[1]", "file_ids[2]"}),
        ({"organization_id": "acme", "file_ids": ["x"], "accept": []}, {"accept"}),
        ({"organization_id": "acme", "file_ids": ["x"], "accept": ["image/*", "*/png"]}, {"accept[1]"}),
        ({"organization_id": "acme", "file_ids": ["x"], "accept": "image/*"}, {"accept"}),
    ],
)
def test_every_bad_field_is_named(gateway, body, fields):
    response = gateway.post("/v1/files/resolve", json=body)
    assert (response.status_code, error(response)["code"]) == (400, "INPUT_VALIDATION_ERROR")
    assert {field["field"] for field in error(response)["details"]["fields"]} == fields


def test_only_a_gateway_resolves(server, client):
    response = resolve(client, ["file_x"])
    assert (response.status_code, error(response)["code"]) == (403, "FORBIDDEN")
    assert http("POST", server.api + "/v1/files/resolve", json={}).status_code == 401


def test_continue_is_sent_once_the_key_is_known(server, gateway, client):
    body = json.dumps({"organization_id": "default", "file_ids": [client.upload(b"bytes")]}).encode()
    host = server.api.removeprefix("http://")
    name, _, port = host.rpartition(":")
    with Connection((name, int(port))) as connection:
        connection.send(
            f"POST /v1/files/resolve HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key}\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.response()[0] == 100
        connection.send(body)
        assert connection.response()[0] == 200


def test_an_array_of_half_a_million_elements_is_refused_quickly(gateway):
    body = {"organization_id": "default", "file_ids": [1] * 400_000}
    response = gateway.post("/v1/files/resolve", json=body)
    assert response.status_code == 413
    body["file_ids"] = [1] * 300_000
    response = gateway.post("/v1/files/resolve", data=json.dumps(body, separators=(",", ":")))
    assert (response.status_code, error(response)["details"]["fields"][0]["field"]) == (400, "file_ids")


def test_a_header_that_names_another_organization_is_refused(gateway, client):
    body = {"organization_id": "default", "file_ids": [client.upload(b"bytes")]}
    for organization, status in (("default", 200), ("acme", 400)):
        headers = {"X-Organization-ID": organization}
        assert gateway.post("/v1/files/resolve", json=body, headers=headers).status_code == status


def test_a_gateway_stores_a_result_for_an_organization(server, gateway):
    headers = {"X-Organization-ID": "first-seen-here", "Content-Type": "image/png"}
    stored = gateway.post("/v1/files?filename=a.png", data=b"result", headers=headers)
    assert stored.status_code == 201
    file_id = stored.json()["file_id"]
    assert list(resolve(gateway, [file_id], "first-seen-here").json()["files"]) == [file_id]
    assert resolve(gateway, [file_id]).status_code == 404
    assert server.client("first-seen-here").get(f"/v1/files/{file_id}").status_code == 200


def test_a_fresh_upload_url(client):
    ticket = client.mint(5)
    response = client.post(f"/v1/files/{ticket['file_id']}/upload-url")
    assert response.status_code == 200
    renewed = response.json()
    assert set(renewed) == set(ticket)
    assert (renewed["file_id"], renewed["headers"]) == (ticket["file_id"], ticket["headers"])
    assert put(renewed["upload_url"], b"12345").status_code == 200
    # The one that was issued before is as good: the same bytes again.
    assert put(ticket["upload_url"], b"12345").status_code == 200
    response = client.post(f"/v1/files/{ticket['file_id']}/upload-url")
    assert (response.status_code, error(response)["code"]) == (409, "UPLOAD_ALREADY_COMPLETED")


def test_no_fresh_upload_url_for_a_file_that_is_not_there(server, client):
    foreign = server.client("somebody-else").mint(5)["file_id"]
    for file_id in (foreign, f"file_{uuid.uuid4()}", "file_x"):
        response = client.post(f"/v1/files/{file_id}/upload-url")
        assert (response.status_code, error(response)["code"]) == (404, "FILE_NOT_FOUND")
    reader = server.client("default", "files:read")
    assert reader.post(f"/v1/files/{client.mint(5)['file_id']}/upload-url").status_code == 403
