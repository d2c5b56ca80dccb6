"""Conditions and parts of an upload, on both origins (RFC 9110 §13.1, §13.2 and §14.5)."""

import email.utils
import os
import time

import pytest
from both_origins import API, BODY, ORIGINS, STORAGE, Origin, digest
from raw import Connection

LONG_AGO = "Sun, 06 Nov 1994 08:49:37 GMT"
FAILED = {STORAGE: (412, "PreconditionFailed"), API: (412, "PRECONDITION_FAILED")}
PARTIAL = {STORAGE: (400, "InvalidRequest"), API: (400, "INPUT_VALIDATION_ERROR")}


@pytest.fixture(params=ORIGINS)
def origin(request, server, client):
    return Origin(request.param, server, client)


@pytest.fixture(scope="module")
def storage(server, client):
    return Origin(STORAGE, server, client)


# A file without bytes has neither an entity tag nor a date: If-Match is false (§13.1.1), If-None-Match true (§13.1.2),
# and If-Unmodified-Since is ignored (§13.1.4). If-Modified-Since and Range are for GET only (§13.1.3, §14.2).
NEW = {
    "If-Match: *": False,
    'If-Match: "x"': False,
    'If-Match: W/"x"': False,
    "If-Match:": False,
    "If-Match: *\r\nIf-None-Match: *": False,
    "If-None-Match: *": True,
    'If-None-Match: "x"': True,
    'If-None-Match: "x", W/"y"': True,
    f"If-Unmodified-Since: {LONG_AGO}": True,
    "If-Unmodified-Since: yesterday": True,
    f"If-Modified-Since: {LONG_AGO}": True,
    "Range: bytes=0-0": True,
    'If-Range: "x"': True,
}


@pytest.mark.parametrize("lines", NEW)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_new_file(origin, lines, is_chunked):
    answer = (origin.upload_chunked if is_chunked else origin.upload)(*lines.split("\r\n"))
    assert answer.code == ((origin.stored, None) if NEW[lines] else FAILED[origin.name])



# Of a file that has been uploaded, whose entity tag is {tag}. The last field is what the RFC makes of it.
UPLOADED = {
    "If-Match: {tag}": True,
    "If-Match: *": True,
    'If-Match: "x", {tag}': True,
    'If-Match: "x"\r\nIf-Match: {tag}': True,
    'If-Match: "x"': False,
    "If-Match: W/{tag}": False,  # strong comparison, §13.1.1
    'If-Match: "x,*,y"': False,  # one tag with commas, §8.8.3
    "If-None-Match: *": False,
    "If-None-Match: {tag}": False,
    "If-None-Match: W/{tag}": False,  # weak comparison, §13.1.2
    'If-None-Match: "x", {tag}': False,
    'If-None-Match: "x"': True,
    'If-None-Match: "x,*,y"': True,
    f"If-Unmodified-Since: {LONG_AGO}": False,
    "If-Unmodified-Since: {later}": True,
    "If-Unmodified-Since: yesterday": True,  # no date, §13.1.4
    f"If-Match: {{tag}}\r\nIf-Unmodified-Since: {LONG_AGO}": True,  # the tag takes the date's place, §13.2.2
    'If-Match: "x"\r\nIf-Unmodified-Since: {later}': False,
    'If-Match: {tag}\r\nIf-None-Match: "x"': True,
    "If-Match: {tag}\r\nIf-None-Match: *": False,
    "If-Unmodified-Since: {later}\r\nIf-None-Match: {tag}": False,
}


@pytest.fixture(scope="module")
def uploaded(storage):
    ticket = storage.client.mint(len(BODY))
    assert storage.upload(ticket=ticket).status == 200
    return ticket


@pytest.mark.parametrize("lines", UPLOADED)
def test_a_file_that_has_been_uploaded(storage, uploaded, lines):
    later = email.utils.formatdate(time.time() + 3_600, usegmt=True)
    filled = lines.format(tag=f'"{uploaded["file_id"]}"', later=later)
    answer = storage.upload(*filled.split("\r\n"), ticket=uploaded)
    assert answer.code == ((200, None) if UPLOADED[lines] else FAILED[STORAGE])


def test_conditions_come_after_what_would_fail_without_them(storage, uploaded):
    """A server ignores conditions where the response would be no 2xx without them (§13.2.1)."""
    other = ("If-Match: \"x\"", "x-amz-checksum-sha256: abc")
    assert storage.upload(*other, ticket=uploaded).code == (400, "InvalidDigest")
    assert storage.upload('If-Match: "x"', body=BODY * 2, ticket=uploaded).status == 400


def test_an_upload_overtaken_by_another_is_told(storage):
    for lines in (["If-None-Match: *"], ['If-None-Match: "{tag}"']):
        ticket = storage.client.mint(len(BODY))
        lines = [line.format(tag=ticket["file_id"]) for line in lines]
        with Connection(storage.address) as slow:
            slow.send(storage.upload_head("Content-Length: 3", "Expect: 100-continue", *lines, ticket=ticket))
            assert slow.response()[0] == 100
            assert storage.upload(ticket=ticket).status == 200
            slow.send(BODY)
            assert slow.response()[0] == 412


PARTS = ["bytes 0-2/3", "bytes 0-0/3", "bytes */3", "bytes 0-2/*", "lines 1-2/3", "", "x"]


@pytest.mark.parametrize("value", PARTS)
def test_a_part_of_a_file(origin, value):
    """No partial PUT: 400 (§14.5), whatever the field says."""
    answer = origin.upload(f"Content-Range: {value}")
    assert answer.code == PARTIAL[origin.name]
    assert b"content-range" in answer.body.lower()


@pytest.mark.parametrize("line", ["If-Match: *", "Content-Range: bytes 0-2/3", "x-amz-checksum-foo: x"])
def test_the_head_is_answered_before_the_body(origin, line):
    data = os.urandom(8)
    head = origin.upload_head("Content-Length: 8", "Expect: 100-continue", line, size=len(data))
    answer = origin.send(head)
    assert answer.status in (400, 412, 501)


def test_nothing_is_stored_and_the_url_works_again(storage):
    ticket = storage.client.mint(len(BODY))
    for line in ("If-Match: *", "Content-Range: bytes 0-2/3"):
        assert storage.upload(line, ticket=ticket).status in (400, 412)
        assert storage.client.get(f"/v1/files/{ticket['file_id']}").json()["status"] == "pending"
    answer = storage.upload(ticket=ticket)
    assert (answer.status, answer.fields["x-amz-checksum-sha256"]) == (200, digest("sha256"))
