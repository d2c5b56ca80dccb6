"""What a file may be called beside what type it is declared with: what clients send passes, mistakes do not."""

import itertools

import pytest
from cloakroom import error_code, http, put
from names_and_types import KINDS, MIME, MISTAKES, NO_TYPES, pairs, registry_pairs
from test_api import error, fields

# Registered with IANA, and the one that is taken beside them.
TOP_LEVEL_TYPES = {
    "application", "audio", "chemical", "font", "haptics", "image", "message", "model", "multipart", "text", "video",
}  # fmt: skip
WAY_OUT = "application/octet-stream"


@pytest.fixture(scope="module")
def names(server):
    return server.client("names-and-types")


def reason(client, filename, content_type):
    """Why a type is refused, or nothing; a size that is wrong keeps the declaration from making a file."""
    body = {"filename": filename, "content_type": content_type, "size_bytes": 0}
    details = error(client.post("/v1/files/upload", json=body), 400, "INPUT_VALIDATION_ERROR")["details"]
    found = {field["field"]: field["reason"] for field in details["fields"]}
    assert "size_bytes" in found and "filename" not in found, found
    return found.get("content_type")


def refused(client, tried):
    found = ((name, content_type, reason(client, name, content_type)) for name, content_type in tried)
    return [pair for pair in found if pair[2] is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_what_clients_send_is_accepted(names, kind):
    assert refused(names, pairs(KINDS[kind])) == []


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [(name, content_type) for text in KINDS.values() for name, content_type in pairs(text)[:3]],
    ids=lambda text: text.replace("/", "-"),
)
def test_what_is_accepted_makes_a_file(names, filename, content_type):
    body = {"filename": filename, "content_type": content_type, "size_bytes": 1}
    response = names.post("/v1/files/upload", json=body)
    assert response.status_code == 200, response.text
    assert response.json()["headers"] == {"Content-Type": content_type}


@pytest.mark.parametrize(("filename", "content_type"), pairs(MISTAKES), ids=lambda text: text.replace("/", "-"))
def test_a_mistake_is_refused_and_told_the_way_out(names, filename, content_type):
    why = reason(names, filename, content_type)
    assert why is not None
    assert content_type in why and filename.rpartition(".")[2] in why and WAY_OUT in why


@pytest.mark.parametrize("content_type", NO_TYPES)
def test_what_is_no_type_is_refused_and_told_the_way_out(names, content_type):
    assert WAY_OUT in reason(names, "a.unheard-of", content_type)


def test_the_way_out_is_open(names):
    tried = {name for name, _ in pairs(MISTAKES)}
    assert refused(names, itertools.product(sorted(tried), [WAY_OUT, "binary/octet-stream"])) == []


def test_a_refusal_names_the_usual_type(names):
    assert "image/png" in reason(names, "photo.png", "audio/mp3")
    assert "application/gzip" in reason(names, "data.csv.gz", "image/png")


@pytest.mark.skipif(not (MIME / "globs2").exists(), reason="needs Debian's shared-mime-info and media-types")
def test_every_pair_of_the_registries_is_accepted(names, record_property):
    """On one connection: each is a request of its own."""
    known = registry_pairs()
    tried = [pair for pair in known if pair[1].partition("/")[0].lower() in TOP_LEVEL_TYPES]
    record_property("pairs", len(tried))
    assert len(tried) > 3_000
    assert refused(names, tried) == []


@pytest.mark.skipif(not (MIME / "globs2").exists(), reason="needs Debian's shared-mime-info")
def test_no_sound_or_video_of_the_registries_passes_for_a_picture(names):
    """Motion JPEG does: to shared-mime-info it is a kind of JPEG."""
    types = {name for _, name in registry_pairs() if name.partition("/")[0] in ("audio", "video")} - {"video/x-mjpeg"}
    assert len(types) > 200
    tried = list(itertools.product(["a.png", "a.jpg", "a.gif", "a.webp"], sorted(types)))
    assert len(refused(names, tried)) == len(tried)


# MARK: Parameters

RECORDED = {
    "video/webm;codecs=vp8,opus": 'video/webm;codecs="vp8,opus"',
    "video/x-matroska;codecs=avc1": "video/x-matroska;codecs=avc1",
    "audio/webm;codecs=opus": "audio/webm;codecs=opus",
    "video/mp4;codecs=avc1.42E01E,mp4a.40.2": 'video/mp4;codecs="avc1.42E01E,mp4a.40.2"',
    "VIDEO/WEBM; CODECS=VP9, OPUS": 'VIDEO/WEBM; CODECS="VP9, OPUS"',
    'video/webm;codecs="vp8,opus"': 'video/webm;codecs="vp8,opus"',
}


@pytest.mark.parametrize("content_type", RECORDED)
def test_a_recording_keeps_its_codecs(names, content_type):
    """What MediaRecorder calls it is taken, and kept in the form that is one type to everyone."""
    kept = RECORDED[content_type]
    ticket = names.mint(5, "recording", content_type)
    assert ticket["headers"] == {"Content-Type": kept}
    record = names.get(f"/v1/files/{ticket['file_id']}").json()
    assert record["content_type"] == kept


@pytest.mark.parametrize("content_type", ["video/webm;codecs=vp8,video/mp4", "text/plain;charset=utf-8,text/html"])
def test_two_types_are_no_type(names, content_type):
    body = {"filename": "recording", "content_type": content_type, "size_bytes": 5}
    assert fields(names.post("/v1/files/upload", json=body)) == ["content_type"]


SAME = [
    # A Blob's type is in lower case, with its bare comma.
    ("video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4;codecs=avc1.42e01e,mp4a.40.2"),
    ("video/webm;codecs=vp8,opus", 'video/webm; codecs="vp8, opus"'),
    ('video/webm;codecs="vp8,opus"', "video/webm;codecs=vp8,opus"),
    ("application/octet-stream", "binary/octet-stream"),
    ("binary/octet-stream", "application/octet-stream"),
    # A charset says nothing of bytes.
    ("image/png", "image/png; charset=binary"),
    ("image/png;charset=utf-8", "image/png"),
    ("application/pdf;charset=utf-8", "application/pdf;charset=binary"),
    ("application/json", "application/json; charset=utf-8"),
    ("text/plain;charset=utf-8", 'text/plain; charset="UTF-8"'),
]
OTHER = [
    ("video/webm;codecs=vp8,opus", "video/webm;codecs=vp9,opus"),
    ("video/webm;codecs=vp8,opus", "video/webm"),
    ("video/webm;codecs=vp8", "video/webm;codecs=vp8,video/mp4"),
    ("application/octet-stream", "binary/octets"),
    ("binary/octet-stream", "image/png"),
    ("text/plain;charset=utf-8", "text/plain;charset=iso-8859-1"),
    ("application/json;charset=utf-8", "application/json"),
    ("image/svg+xml;charset=utf-8", "image/svg+xml"),
]


@pytest.mark.parametrize(("declared", "sent"), SAME)
def test_the_same_type_in_other_words_is_stored_as_declared(names, declared, sent):
    ticket = names.mint(5, "a", declared)
    response = put(ticket["upload_url"], b"hello", sent)
    assert response.status_code == 200, response.text
    served = http("GET", names.url(ticket["file_id"]))
    assert served.headers["Content-Type"] == ticket["headers"]["Content-Type"]


@pytest.mark.parametrize(("declared", "sent"), OTHER)
def test_another_type_is_refused(names, declared, sent):
    response = put(names.mint(5, "a", declared)["upload_url"], b"hello", sent)
    assert (response.status_code, error_code(response)) == (400, "ContentTypeMismatch")


@pytest.mark.parametrize("name", ["application/octet-stream", "binary/octet-stream"])
def test_a_list_of_bytes_has_both_names(server, name):
    client = server.client(f"bytes-{name.partition('/')[0]}")
    ids = [client.upload(b"x", "a", f"{kind}/octet-stream") for kind in ("binary", "application")]
    client.upload(b"x")
    listed = client.get("/v1/files", params={"content_type": name}).json()["files"]
    assert sorted(file["file_id"] for file in listed) == sorted(ids)
