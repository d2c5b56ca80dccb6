"""`POST /v1/files` as a form, from requests, httpx, aiohttp and curl: the file is stored, not its envelope."""

import hashlib
import json
import os
import re

import pytest
import requests
from cloakroom import http
from form_clients import FORM_CLIENTS, Form, with_curl
from http_clients import curl, header_options

DATA = os.urandom(300_000)
CLIENT = pytest.mark.parametrize("name", FORM_CLIENTS)


@pytest.fixture
def send(server, client):
    """Sends a form as a client does."""

    def send(name, form, **headers):
        fields = {"Authorization": f"Bearer {client.key}"}
        fields |= {field.replace("_", "-"): value for field, value in headers.items()}
        return FORM_CLIENTS[name](f"{server.api}/v1/files", form, fields)

    return send


def stored(client, answer):
    """The file that was stored, and its bytes as they are read again."""
    assert answer.status == 201, answer.text
    file = json.loads(answer.body)
    return file, client.get(f"/v1/files/{file['file_id']}/download").content


@CLIENT
@pytest.mark.parametrize("field", ["file", "content"])
def test_the_file_is_stored_without_its_envelope(client, send, name, field):
    file, data = stored(client, send(name, Form(DATA, "photo.png", "image/png", name=field)))
    assert data == DATA
    assert (file["filename"], file["content_type"], file["size_bytes"]) == ("photo.png", "image/png", len(DATA))
    assert (file["status"], file["sha256"]) == ("ready", hashlib.sha256(DATA).hexdigest())


# Names as users have them, and what is left of them.
NAMES = {
    "plain.png": "plain.png",
    "übung ☃ 日本語.png": "übung ☃ 日本語.png",
    'he said "hi".png': 'he said "hi".png',
    "100%.png": "100%.png",
    "a;b=c, d'e.png": "a;b=c, d'e.png",
    "directory/photo.png": "photo.png",
    "/etc/../photo.png": "photo.png",
    "C:\\Users\\me\\photo.png": "photo.png",
    "C:\\name\\test.png": "test.png",
}


@CLIENT
@pytest.mark.parametrize("sent", NAMES)
def test_names_arrive_however_they_are_encoded(client, send, name, sent):
    file, data = stored(client, send(name, Form(DATA, sent, "image/png")))
    assert (file["filename"], data) == (NAMES[sent], DATA)


def test_the_extended_form_of_a_name_is_decoded(client):
    """RFC 8187, as requests sent names that are not ASCII until urllib3 2."""
    disposition = b"Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%C3%BCbung%20%E2%98%83.png"
    body = b"\r\n".join([b"--x", disposition, b"Content-Type: image/png", b"", DATA, b"--x--", b""])
    response = client.post("/v1/files", data=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert response.status_code == 201, response.text
    assert (response.json()["filename"], response.json()["size_bytes"]) == ("übung ☃.png", len(DATA))


# What is declared for a file without a type: by the client where it has an idea, else by the extension.
UNTYPED = {
    "requests": {"photo.png": "image/png", "notes.txt": "text/plain", "data": "application/octet-stream"},
    "httpx": {"photo.png": "image/png", "notes.txt": "text/plain", "data": "application/octet-stream"},
    "aiohttp": {"photo.png": "application/octet-stream", "data": "application/octet-stream"},
    "curl": {"photo.png": "image/png", "notes.txt": "text/plain", "data": "application/octet-stream"},
}


@pytest.mark.parametrize(("name", "filename"), [(name, filename) for name in UNTYPED for filename in UNTYPED[name]])
def test_a_file_without_a_type_gets_one(client, send, name, filename):
    file, data = stored(client, send(name, Form(DATA, filename)))
    assert (file["content_type"], data) == (UNTYPED[name][filename], DATA)


FIELDS = {"filename": "notes", "content_type": "text/markdown"}


def assert_fields_count(file):
    found = {name: file.get(name) for name in ("filename", "content_type", "size_bytes")}
    assert found == {**FIELDS, "size_bytes": 10}, file


def test_fields_of_requests_say_what_the_part_does_not(client):
    """A part without a name and a type, as for bytes that are not from a file."""
    assert_fields_count(client.post("/v1/files", data=FIELDS, files={"file": (None, b"some notes")}).json())


def test_fields_of_curl_say_what_the_part_does_not(server, client):
    options = [part for field in FIELDS.items() for part in ("--form-string", "=".join(field))]
    authorization = header_options({"Authorization": f"Bearer {client.key}"})
    result = curl(*authorization, *options, "-F", "file=some notes", f"{server.api}/v1/files")
    assert_fields_count(json.loads(result.stdout))


@CLIENT
def test_a_digest_in_the_form_holds_the_file(client, send, name):
    right, wrong = (hashlib.sha256(data).hexdigest() for data in (DATA, b"other"))
    file, data = stored(client, send(name, Form(DATA, fields={"sha256": right})))
    assert data == DATA
    count = len(client.get("/v1/files?limit=1000").json()["files"])
    refused = send(name, Form(DATA, fields={"sha256": wrong}))
    assert (refused.status, "sha256" in refused.text) == (400, True), refused.text
    assert len(client.get("/v1/files?limit=1000").json()["files"]) == count


@CLIENT
def test_a_life_in_the_form_is_the_files(client, send, name):
    file, _ = stored(client, send(name, Form(DATA, fields={"expires_after_seconds": "3600"})))
    assert file["expires_at"] is not None
    file, _ = stored(client, send(name, Form(DATA)))
    assert file["expires_at"] is None


@CLIENT
def test_fields_of_others_are_ignored(client, send, name):
    """`purpose` is what clients of OpenAI Files send."""
    file, data = stored(client, send(name, Form(DATA, fields={"purpose": "vision", "note": "grüße"})))
    assert data == DATA


@CLIENT
def test_a_form_sent_again_is_the_same_file(client, send, name):
    """The boundary is another one each time; name, type and bytes are not."""
    key = os.urandom(8).hex()
    first, _ = stored(client, send(name, Form(DATA, "photo.png", "image/png"), Idempotency_Key=key))
    second, _ = stored(client, send(name, Form(DATA, "photo.png", "image/png"), Idempotency_Key=key))
    assert first["file_id"] == second["file_id"]
    other = send(name, Form(DATA, "other.png", "image/png"), Idempotency_Key=key)
    assert (other.status, "IDEMPOTENCY_KEY_REUSED" in other.text) == (409, True), other.text


def test_a_chunked_form_is_taken(server, client):
    """curl announces no length where it is told to send chunks."""
    authorization = {"Authorization": f"Bearer {client.key}"}
    options = ["-H", "Transfer-Encoding: chunked"]
    answer = with_curl(f"{server.api}/v1/files", Form(DATA, "photo.png", "image/png"), authorization, *options)
    file, data = stored(client, answer)
    assert (file["size_bytes"], data) == (len(DATA), DATA)


# Contents that look like an envelope, or like the end of one.
CONTENTS = [b"\r\n", b"--", b"\r\n--", b"\r\n" * 40_000, b"--boundary--\r\n" * 10_000, b"\r\n--" + b"-" * 70_000]


@CLIENT
@pytest.mark.parametrize("content", CONTENTS, ids=["CRLF", "dashes", "both", "many CRLF", "boundaries", "many dashes"])
def test_contents_like_envelopes_are_kept(client, send, name, content):
    _, data = stored(client, send(name, Form(content, "a.bin", "application/octet-stream")))
    assert data == content


def form_parts(*names):
    return [(name, ("a.txt", b"some notes", "text/plain")) for name in names]


# Forms that requests makes readily, and a word that the refusal has to say.
REFUSED = {
    "no file": ({"data": {"filename": "a.txt"}, "files": form_parts("attachment")}, "file"),
    "two files": ({"files": form_parts("file", "file")}, "file"),
    "a file twice under two names": ({"files": form_parts("file", "content")}, "file"),
    "a known field after the file": ({"files": [*form_parts("file"), ("sha256", (None, "0" * 64))]}, "sha256"),
    "a known field in the query too": (
        {"params": {"filename": "b.txt"}, "data": {"filename": "a.txt"}, "files": form_parts("file")},
        "filename",
    ),
    "a digest of the envelope": (
        {"files": form_parts("file"), "headers": {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}},
        "sha256",
    ),
    "an empty file": ({"files": {"file": ("a.txt", b"", "text/plain")}}, ""),
    "a name and a type that contradict": ({"files": {"file": ("photo.png", b"x", "audio/mpeg")}}, "content_type"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_forms_that_are_refused_say_why(client, case):
    options, word = REFUSED[case]
    count = len(client.get("/v1/files?limit=1000").json()["files"])
    response = client.post("/v1/files", **options)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["code"] == "INPUT_VALIDATION_ERROR"
    assert re.search(rf"\b{word}\b", response.text)
    assert len(client.get("/v1/files?limit=1000").json()["files"]) == count


def test_a_large_form_is_stored_whole(client):
    data = os.urandom(1_000_000) * 60
    with requests.Session() as session:
        response = session.post(
            f"{client.server.api}/v1/files",
            files={"file": ("video.mp4", data, "video/mp4")},
            headers={"Authorization": f"Bearer {client.key}"},
            timeout=60,
        )
    assert response.status_code == 201, response.text
    assert response.json()["sha256"] == hashlib.sha256(data).hexdigest()
    assert http("GET", client.url(response.json()["file_id"])).content == data
