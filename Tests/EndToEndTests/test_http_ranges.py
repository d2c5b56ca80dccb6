"""`Range`, `If-Range` and the conditions of a download have one answer on both origins (RFC 9110 §13 and §14)."""

import pytest
from both_origins import API, ORIGINS, STORAGE, Origin

SIZE = 1_000
DATA = bytes(range(250)) * 4
WHOLE = (200, None)
NONE = (416, f"bytes */{SIZE}")


def part(first, last):
    return 206, f"bytes {first}-{last}/{SIZE}"


RANGES = {
    "Range: bytes=0-3": part(0, 3),
    "Range: bytes=996-": part(996, 999),
    "Range: bytes=-4": part(996, 999),
    "Range: bytes=-9999": part(0, 999),
    "Range: bytes=0-9999": part(0, 999),
    "Range: bytes=0-99999999999999999999999": part(0, 999),
    "Range: bytes=00-03": part(0, 3),
    "Range: BYTES=0-3": part(0, 3),  # range units are case-insensitive, §14.1
    "Range: bytes= 0-3": part(0, 3),  # §5.6.1.2
    "Range: bytes=0-3 ": part(0, 3),
    "Range: bytes=1000-": NONE,
    "Range: bytes=99999999999999999999999-": NONE,
    "Range: bytes=-0": NONE,  # §14.1.2: a suffix of zero is not satisfiable
    # A server may ignore Range (§14.2); several, other units and malformed ones are.
    "Range: bytes=0-3,5-6": WHOLE,
    "Range: bytes=0-3, 9999-": WHOLE,
    "Range: bytes=0-3,": WHOLE,
    "Range: bytes=,0-3": WHOLE,
    "Range: bytes=3-0": WHOLE,
    "Range: bytes=": WHOLE,
    "Range: bytes=-": WHOLE,
    "Range: bytes": WHOLE,
    "Range:": WHOLE,
    "Range: lines=0-3": WHOLE,
    "Range: bytes =0-3": WHOLE,
    "Range: bytes=0 -3": WHOLE,
    "Range: bytes=+0-3": WHOLE,
    "Range: bytes=0x0-3": WHOLE,
    "Range: bytes=0-3;q=1": WHOLE,
    "Range: bytes=\xb2-3": WHOLE,
    # Two fields are one list (§5.3), which has several ranges.
    "Range: bytes=0-3\r\nRange: bytes=0-3": WHOLE,
    "Range: bytes=0-3\r\nRange: bytes=9999-": WHOLE,
    "Range: bytes=9999-\r\nRange: bytes=0-3": WHOLE,
    "Range: bytes=0-3\r\nRange: lines=0-3": WHOLE,
    "Range: bytes=0-3\r\nRange:": WHOLE,
    "Range:\r\nRange: bytes=0-3": WHOLE,
    "range: bytes=0-3\r\nRANGE: bytes=4-7": WHOLE,
    # §13.1.5: a strong tag or the exact date; one of them, and once.
    "Range: bytes=0-3\r\nIf-Range: {tag}": part(0, 3),
    "If-Range: {tag}\r\nRange: bytes=0-3": part(0, 3),
    "Range: bytes=0-3\r\nIf-Range: W/{tag}": WHOLE,
    'Range: bytes=0-3\r\nIf-Range: "x"': WHOLE,
    "Range: bytes=0-3\r\nIf-Range: *": WHOLE,
    "Range: bytes=0-3\r\nIf-Range:": WHOLE,
    "Range: bytes=0-3\r\nIf-Range: {tag}, {tag}": WHOLE,
    "Range: bytes=0-3\r\nIf-Range: {tag}\r\nIf-Range: {tag}": WHOLE,
    'Range: bytes=0-3\r\nIf-Range: {tag}\r\nIf-Range: "x"': WHOLE,
    "Range: bytes=0-3\r\nIf-Range: {date}": part(0, 3),
    "Range: bytes=0-3\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT": WHOLE,
    "Range: bytes=0-3\r\nIf-Range: {date}\r\nIf-Range: {date}": WHOLE,
    "If-Range: {tag}": WHOLE,
    # §13.2.2: conditions come before the range.
    "Range: bytes=9999-\r\nIf-None-Match: {tag}": (304, None),
    "Range: bytes=0-3\r\nIf-Match: {tag}": part(0, 3),
    'Range: bytes=0-3\r\nIf-Match: "x"': (412, None),
    "If-Match: W/{tag}": (412, None),
    "If-Match: *": WHOLE,
    "If-Match:": (412, None),
    'If-Match: "x,*,y"': (412, None),  # one tag with commas, §8.8.3
    'If-Match: "x"\r\nIf-Match: {tag}': WHOLE,
    "If-None-Match: W/{tag}": (304, None),
    'If-None-Match: "x",{tag}': (304, None),
    'If-None-Match: "x"\r\nIf-None-Match: *': (304, None),
    'If-None-Match: "x,*,y"': WHOLE,
    "If-None-Match:": WHOLE,
    "If-Modified-Since: {date}": (304, None),
    "If-Modified-Since: {date}\r\nIf-Modified-Since: {date}": WHOLE,  # no date, §13.1.3
    "If-Modified-Since: {date}\r\nIf-None-Match: \"x\"": WHOLE,
    "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT": (412, None),
    "If-Unmodified-Since: {date}": WHOLE,
    "Content-Range: bytes 0-3/4": WHOLE,  # of no meaning in a GET, §14.4
}


@pytest.fixture(scope="module")
def file(client):
    file_id = client.upload(DATA)
    return file_id, client.request("HEAD", f"/v1/files/{file_id}/download").headers["Last-Modified"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("lines", RANGES)
def test_both_origins_answer_alike(server, client, file, lines, method):
    file_id, date = file
    filled = lines.replace("{tag}", f'"{file_id}"').replace("{date}", date).split("\r\n")
    status, content_range = RANGES[lines]
    for name in ORIGINS:
        answer = Origin(name, server, client).download(file_id, *filled, method=method)
        assert (answer.status, answer.fields.get("content-range")) == (status, content_range), name
        if status in (200, 206):
            first, last = (0, SIZE - 1) if status == 200 else map(int, content_range[6:].partition("/")[0].split("-"))
            assert int(answer.fields["content-length"]) == last - first + 1
            if method == "GET":
                assert answer.body == DATA[first : last + 1], name


def test_a_304_says_nothing_of_the_bytes(server, client, file):
    """Of the fields that describe a representation, those that RFC 9110 §15.4.5 lists."""
    for name in ORIGINS:
        fields = Origin(name, server, client).download(file[0], "If-None-Match: *").fields
        assert {"etag", "cache-control", "date"} <= set(fields)
        assert not {"content-type", "content-length", "content-range", "content-disposition", "accept-ranges"} & set(fields)


def test_the_codes_of_a_range_outside_the_file(server, client, file):
    codes = {STORAGE: (416, "InvalidRange"), API: (416, "RANGE_NOT_SATISFIABLE")}
    for name in ORIGINS:
        assert Origin(name, server, client).download(file[0], "Range: bytes=1000-").code == codes[name]
