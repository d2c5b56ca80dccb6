"""Uploads, downloads and refusals through requests, httpx, aiohttp, http.client, urllib, curl and wget."""

import asyncio
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import re

import pytest
from cloakroom import http
from http_clients import CLIENTS, aiohttp_request, curl, header_options, run

DATA = os.urandom(300_000)
TYPE = "image/png"
CLIENT = pytest.mark.parametrize("name", CLIENTS)


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(DATA)


@pytest.fixture
def url(client, file_id):
    return client.url(file_id)


@pytest.fixture
def authorization(client):
    return {"Authorization": f"Bearer {client.key}"}


def seconds_since_1970(client, file_id):
    """When the file was uploaded, as the API tells."""
    return datetime.datetime.fromisoformat(client.get(f"/v1/files/{file_id}").json()["uploaded_at"]).timestamp()


def http_date(rfc3339):
    """An RFC 9110 date from an RFC 3339 one, made by date(1)."""
    line = ["date", "--utc", "--date", rfc3339, "+%a, %d %b %Y %H:%M:%S GMT"]
    return run(*line, env={**os.environ, "LC_ALL": "C"}).stdout.decode().strip()


@CLIENT
def test_upload_and_download_by_url(client, name):
    ticket = client.mint(len(DATA))
    answer = CLIENTS[name]("PUT", ticket["upload_url"], DATA, {"Content-Type": TYPE})
    assert (answer.status, answer.body) == (200, b""), answer.text
    assert answer.fields["etag"] == f'"{ticket["file_id"]}"'
    assert CLIENTS[name]("GET", client.url(ticket["file_id"])).body == DATA


@CLIENT
def test_upload_in_one_request(server, client, authorization, name):
    url = f"{server.api}/v1/files?filename=photo.png"
    answer = CLIENTS[name]("POST", url, DATA, {**authorization, "Content-Type": TYPE})
    assert answer.status == 201, answer.text
    file = json.loads(answer.body)
    assert (file["filename"], file["content_type"], file["size_bytes"]) == ("photo.png", TYPE, len(DATA))
    assert file["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert client.get(f"/v1/files/{file['file_id']}/download").content == DATA


@CLIENT
def test_download_from_the_api(server, file_id, authorization, name):
    """No client's own `Accept` asks for JSON."""
    answer = CLIENTS[name]("GET", f"{server.api}/v1/files/{file_id}/download", None, authorization)
    assert (answer.status, answer.fields["content-type"]) == (200, TYPE)
    assert answer.body == DATA


@CLIENT
def test_another_type_is_refused_by_name(client, name):
    ticket = client.mint(len(DATA))
    answer = CLIENTS[name]("PUT", ticket["upload_url"], DATA, {"Content-Type": "image/jpeg"})
    assert answer.status == 400
    assert "<Expected>image/png</Expected><Received>image/jpeg</Received>" in answer.text


# wget leaves out the body of a 401.
@pytest.mark.parametrize("name", [name for name in CLIENTS if name != "wget"])
def test_an_unknown_key_is_refused_readably(server, name):
    answer = CLIENTS[name]("GET", f"{server.api}/v1/files", None, {"Authorization": f"Bearer sk_{'0' * 72}"})
    assert answer.status == 401
    assert json.loads(answer.body)["error"]["code"] == "UNAUTHORIZED"


# What asks for the URL, and what for anything at all: then the bytes are what a client can use.
ACCEPTS = {
    "axios": ("application/json, text/plain, */*", "bytes"),
    "a browser": ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "bytes"),
    "curl and requests": ("*/*", "bytes"),
    "any application type": ("application/*", "bytes"),
    "an image": ("image/*", "bytes"),
    "JSON least of all": ("application/json;q=0.1, */*", "bytes"),
    "no JSON": ("application/json;q=0, */*", "bytes"),
    "JSON": ("application/json", "JSON"),
    "JSON in capitals": ("Application/JSON", "JSON"),
    "JSON in UTF-8": ("application/json; charset=utf-8", "JSON"),
    "JSON or text": ("application/json, text/plain", "JSON"),
    "JSON rather than anything": ("application/json, */*;q=0.5", "JSON"),
    "JSON rather than anything, later": ("*/*;q=0.5, application/json;q=0.9", "JSON"),
}


@pytest.mark.parametrize("case", ACCEPTS)
def test_json_is_for_those_who_prefer_it(client, file_id, case):
    accept, expected = ACCEPTS[case]
    response = client.get(f"/v1/files/{file_id}/download", headers={"Accept": accept})
    assert response.status_code == 200, response.text
    if expected == "bytes":
        assert (response.content, response.headers["Content-Type"]) == (DATA, TYPE)
    else:
        assert http("GET", response.json()["url"]).content == DATA


def partial_file(directory, size=100_000):
    path = directory / "partial"
    path.write_bytes(DATA[:size])
    return path


def test_curl_resumes_a_download(url, tmp_path):
    path = partial_file(tmp_path)
    head = tmp_path / "head"
    curl("--fail", "-C", "-", "-D", head, "-o", path, url)
    assert head.read_text().startswith("HTTP/1.1 206 ")
    assert path.read_bytes() == DATA


def test_wget_resumes_a_download(url, tmp_path):
    path = partial_file(tmp_path)
    result = run("wget", "-c", "--server-response", "-O", path, url)
    assert b"HTTP/1.1 206 " in result.stderr
    assert path.read_bytes() == DATA


def test_tools_resume_a_download_from_the_api(server, file_id, authorization, tmp_path):
    url = f"{server.api}/v1/files/{file_id}/download"
    for number, line in enumerate([["curl", "-sS", "--fail", "-C", "-", "-o"], ["wget", "-q", "-c", "-O"]]):
        (tmp_path / str(number)).mkdir()
        path = partial_file(tmp_path / str(number))
        run(*line, path, *header_options(authorization), url)
        assert path.read_bytes() == DATA, line


def test_a_complete_download_is_left_alone(url, tmp_path):
    """Both ask for what comes after the last byte, and take the 416 as that."""
    path = partial_file(tmp_path, len(DATA))
    run("wget", "-q", "-c", "-O", path, url)
    curl("-C", "-", "-o", path, url)
    assert path.read_bytes() == DATA


def test_curl_keeps_the_time_of_a_file(client, file_id, url, tmp_path):
    path = tmp_path / "photo.png"
    curl("--fail", "-R", "-o", path, url)
    assert path.stat().st_mtime == seconds_since_1970(client, file_id)


def conditional_status(url, since, tmp_path):
    """The status that `curl -z` gets; `since` is a date, or a file whose time counts."""
    result = curl("--fail", "-z", since, "-o", tmp_path / "received", "-w", "%{http_code} %{size_download}", url)
    return result.stdout.decode()


def test_curl_fetches_what_has_changed_only(client, file_id, url, tmp_path):
    uploaded_at = client.get(f"/v1/files/{file_id}").json()["uploaded_at"]
    whole = f"200 {len(DATA)}"
    assert conditional_status(url, http_date(uploaded_at), tmp_path) == "304 0"
    assert conditional_status(url, http_date(uploaded_at + " + 1 day"), tmp_path) == "304 0"
    assert conditional_status(url, http_date(uploaded_at + " - 1 second"), tmp_path) == whole
    assert conditional_status(url, http_date("1994-11-06T08:49:37Z"), tmp_path) == whole


def test_curl_fetches_what_is_newer_than_a_file_only(client, file_id, url, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(b"older")
    os.utime(path, (0, 1_000_000_000))
    assert conditional_status(url, path, tmp_path) == f"200 {len(DATA)}"
    os.utime(path, (0, seconds_since_1970(client, file_id)))
    assert conditional_status(url, path, tmp_path) == "304 0"


def timestamped(url, directory, *options):
    """What `wget -N` answers to its user, and the one file in the directory."""
    result = run("wget", "-N", "--server-response", *options, url, cwd=directory)
    [path] = pathlib.Path(directory).iterdir()
    return result.stderr.decode("utf-8", "replace"), path


def test_wget_fetches_what_has_changed_only(server, client, file_id, authorization, tmp_path):
    url = f"{server.api}/v1/files/{file_id}/download"
    said, path = timestamped(url, tmp_path, *header_options(authorization))
    assert "Last-modified header missing" not in said
    assert path.stat().st_mtime == seconds_since_1970(client, file_id)
    said, path = timestamped(url, tmp_path, *header_options(authorization))
    assert "HTTP/1.1 304 " in said
    os.utime(path, (0, 1_000_000_000))
    said, path = timestamped(url, tmp_path, *header_options(authorization))
    assert "HTTP/1.1 200 " in said
    assert path.read_bytes() == DATA


def test_wget_fetches_from_a_url_what_has_changed_only(client, file_id, url, tmp_path):
    said, path = timestamped(url, tmp_path)
    assert path.read_bytes() == DATA
    assert path.stat().st_mtime == seconds_since_1970(client, file_id)
    assert "HTTP/1.1 304 " in timestamped(url, tmp_path)[0]


def test_wget_names_the_file_as_its_owner_did(client, tmp_path):
    url = client.url(client.upload(DATA, "holiday photo.png"))
    run("wget", "-q", "--content-disposition", url, cwd=tmp_path)
    assert (tmp_path / "holiday photo.png").read_bytes() == DATA


def test_curl_names_the_file_as_its_owner_did(client, tmp_path):
    url = client.url(client.upload(DATA, "holiday photo.png"))
    curl("--fail", "-O", "-J", url, cwd=tmp_path)
    assert (tmp_path / "holiday photo.png").read_bytes() == DATA


def assert_encoding_is_refused(answer, code):
    assert answer.status == 415, answer.text
    assert code in answer.text
    assert answer.fields["accept-encoding"] == "identity"


@CLIENT
def test_a_compressed_upload_is_refused_by_url(client, name):
    data = gzip.compress(bytes(100_000))
    ticket = client.mint(len(data))
    headers = {"Content-Type": TYPE, "Content-Encoding": "gzip"}
    answer = CLIENTS[name]("PUT", ticket["upload_url"], data, headers)
    assert_encoding_is_refused(answer, "<Code>UnsupportedContentEncoding</Code>")
    assert client.get(f"/v1/files/{ticket['file_id']}").json()["status"] == "pending"


@CLIENT
def test_a_compressed_upload_is_refused_by_the_api(server, authorization, name):
    headers = {**authorization, "Content-Type": TYPE, "Content-Encoding": "gzip"}
    answer = CLIENTS[name]("POST", f"{server.api}/v1/files?filename=a.png", gzip.compress(bytes(100_000)), headers)
    assert_encoding_is_refused(answer, '"UNSUPPORTED_CONTENT_ENCODING"')


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_aiohttp_compresses_is_refused(client, coding):
    """It compresses by itself where it is told to, and announces no length."""
    ticket = client.mint(len(DATA))
    request = aiohttp_request("PUT", ticket["upload_url"], data=DATA, headers={"Content-Type": TYPE}, compress=coding)
    assert_encoding_is_refused(asyncio.run(request), "<Code>UnsupportedContentEncoding</Code>")


def test_identity_is_no_encoding(server, client, authorization):
    headers = {"Content-Type": TYPE, "Content-Encoding": "identity"}
    assert http("PUT", client.mint(len(DATA))["upload_url"], data=DATA, headers=headers).status_code == 200
    url = f"{server.api}/v1/files?filename=a.png"
    assert http("POST", url, data=DATA, headers={**authorization, **headers}).status_code == 201


def test_the_type_that_curl_makes_up_is_refused_with_the_way_out(server, authorization):
    """`curl -d` and `--data-binary` declare a body to be a form."""
    url = f"{server.api}/v1/files?filename=notes.txt"
    result = curl(*header_options(authorization), "-d", "some notes", "-w", "\n%{http_code}", url)
    body, _, status = result.stdout.decode().rpartition("\n")
    assert status == "400", body
    error = json.loads(body)["error"]
    assert error["code"] == "INPUT_VALIDATION_ERROR"
    # The header field by its name, which is what `-H` takes.
    assert "Content-Type" in body
    assert "application/x-www-form-urlencoded" in body
    type_given = {**authorization, "Content-Type": "text/plain"}
    curl("--fail", *header_options(type_given), "-d", "some notes", url)


def test_curl_takes_100_continue(client):
    """Sent for larger bodies of its own accord; the answer comes before the body."""
    ticket = client.mint(2_000_000)
    data = os.urandom(2_000_000)
    fields = ["Content-Length: 2000000", "Transfer-Encoding:", f"Content-Type: {TYPE}", "Expect: 100-continue"]
    options = [part for field in fields for part in ("-H", field)]
    result = curl("-v", "-T", "-", *options, ticket["upload_url"], input=data)
    assert re.search(rb"< HTTP/1.1 100 Continue[\s\S]*< HTTP/1.1 200 OK", result.stderr)
    assert http("GET", client.url(ticket["file_id"])).content == data
