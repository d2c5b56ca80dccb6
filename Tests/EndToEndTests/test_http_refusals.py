"""Requests that are no HTTP, or ask for what no origin has: the same answer on both, with a request id.

Where the two differ, the reason is beside the row.
"""

import pytest
from both_origins import API, BODY, ORIGINS, STORAGE, Answer, Origin
from raw import Connection, address_of, target

CODES = {
    STORAGE: {
        400: "BadRequest", 417: "ExpectationFailed", 431: "RequestHeaderSectionTooLarge", 501: "NotImplemented",
        505: "HTTPVersionNotSupported",
    },
    API: {
        400: "INPUT_VALIDATION_ERROR", 417: "EXPECTATION_FAILED", 431: "REQUEST_HEAD_TOO_LARGE",
        501: "TRANSFER_CODING_UNSUPPORTED",
    },
}  # fmt: skip
# The API's parser has one answer for a version that is malformed and for one that is not supported.
VERSION = {STORAGE: 505, API: 400}

# {t} is a target that can be got and {h} its host; {a} are the further field lines that it takes.
HEADS = {
    "no Host": ("GET {t} HTTP/1.1\r\n{a}\r\n", 400),  # RFC 9112 §3.2
    "two Hosts": ("GET {t} HTTP/1.1\r\nHost: {h}\r\nHost: {h}\r\n{a}\r\n", 400),
    "two differing Hosts": ("GET {t} HTTP/1.1\r\nHost: {h}\r\nHost: a.example\r\n{a}\r\n", 400),
    "Host with a path": ("GET {t} HTTP/1.1\r\nHost: {h}/a\r\n{a}\r\n", 400),
    "two Hosts in HTTP/1.0": ("GET {t} HTTP/1.0\r\nHost: {h}\r\nHost: {h}\r\n{a}\r\n", 400),
    "another expectation": ("GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect: 200-ok\r\n\r\n", 417),  # RFC 9110 §10.1.1
    "100-continue and another": ("GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect: 100-continue, x\r\n\r\n", 417),
    "another in a second field": (
        "GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect: 100-continue\r\nExpect: x\r\n\r\n", 417,
    ),
    "100-continue with a parameter": ("GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect: 100-continue;a=b\r\n\r\n", 417),
    "another coding": ("GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Transfer-Encoding: gzip, chunked\r\n\r\n", 501),  # RFC 9112 §6.1
    "coding in HTTP/1.0": ("GET {t} HTTP/1.0\r\nHost: {h}\r\n{a}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "length and coding": (
        "GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
    ),
    "long field": ("GET {t} HTTP/1.1\r\nHost: {h}\r\nA: " + "b" * 17_000 + "\r\n\r\n", 431),  # RFC 6585 §5
    "long target": ("GET /" + "b" * 17_000 + " HTTP/1.1\r\nHost: {h}\r\n\r\n", 431),
    "many fields": ("GET {t} HTTP/1.1\r\nHost: {h}\r\n" + "A: b\r\n" * 65 + "\r\n", 431),
    "no target": ("GET HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    "relative target": ("GET files HTTP/1.1\r\nHost: {h}\r\n{a}\r\n", 400),
    "another scheme": ("GET ftp://{h}{t} HTTP/1.1\r\nHost: {h}\r\n{a}\r\n", 400),  # RFC 9110 §7.4
    "authority as the target": ("CONNECT {h} HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    "no version": ("GET {t}\r\nHost: {h}\r\n\r\n", 400),
    "version in small letters": ("GET {t} http/1.1\r\nHost: {h}\r\n{a}\r\n", 400),
    "HTTP/2.0": ("GET {t} HTTP/2.0\r\nHost: {h}\r\n{a}\r\n", VERSION),  # RFC 9110 §15.6.6
    "HTTP/3.1": ("GET {t} HTTP/3.1\r\nHost: {h}\r\n{a}\r\n", VERSION),
    "HTTP/0.9": ("GET {t} HTTP/0.9\r\nHost: {h}\r\n{a}\r\n", VERSION),
    "HTTP/2 preface": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION),
    "HTTP/11.1": ("GET {t} HTTP/11.1\r\nHost: {h}\r\n{a}\r\n", 400),
    "space before the colon": ("GET {t} HTTP/1.1\r\nHost : {h}\r\n{a}\r\n", 400),
    "name that is no token": ("GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}A(b): c\r\n\r\n", 400),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


@pytest.fixture(scope="module")
def places(server, client):
    path, host = target(client.url(client.upload(b"seen")))
    api = server.api.removeprefix("http://")
    key = f"Authorization: Bearer {client.key}\r\n"
    return {
        STORAGE: (server.storage_address, path, host, ""),
        API: (address_of(server.api), "/v1/files?limit=1", api, key),
    }


def send(places, origin, message):
    address, path, host, lines = places[origin]
    data = message.replace("{t}", path).replace("{h}", host).replace("{a}", lines)
    with Connection(address) as connection:
        connection.send(data.encode("latin-1"))
        answer = connection.response(head_only=message.startswith("HEAD"))
        return answer, connection.is_closed() if answer[1].get("connection") == "close" else False


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_head_that_is_refused(places, origin, name):
    message, expected = HEADS[name]
    (status, fields, body), has_closed = send(places, origin, message)
    answer = Answer(status, fields, body)
    expected = expected[origin] if isinstance(expected, dict) else expected
    assert answer.code == (expected, CODES[origin][expected])
    header, document = answer.request_ids
    assert header == document and len(header) >= 16
    assert has_closed and "date" in fields and fields["cache-control"] == "no-store"
    assert fields["content-type"] == ("application/xml" if origin == STORAGE else "application/json")


ACCEPTED = {
    "HTTP/1.0": "GET {t} HTTP/1.0\r\n{a}\r\n",
    "absolute form": "GET http://{h}{t} HTTP/1.1\r\nHost: {h}\r\n{a}\r\n",
    "absolute form in capitals": "GET HTTP://{h}{t} HTTP/1.1\r\nHost: {h}\r\n{a}\r\n",  # RFC 9110 §4.2.3
    "absolute form of another host": "GET http://a.example{t} HTTP/1.1\r\nHost: {h}\r\n{a}\r\n",  # RFC 9112 §3.2.2
    "100-continue without a body": "GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect: 100-continue\r\n\r\n",
    "100-continue twice": "GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect: 100-continue, 100-Continue\r\n\r\n",
    "no expectation": "GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}Expect:\r\n\r\n",  # an empty list, RFC 9110 §5.6.1
    "empty line first": "\r\nGET {t} HTTP/1.1\r\nHost: {h}\r\n{a}\r\n",
}


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_head_that_is_accepted(places, origin, name):
    (status, _, _), _ = send(places, origin, ACCEPTED[name])
    assert status == 200


@pytest.mark.parametrize("lines", [["Expect: 100-continue, 100-continue"], ["Expect: 100-continue"] * 2])
@pytest.mark.parametrize("name", ORIGINS)
def test_an_expectation_that_is_repeated(server, client, name, lines):
    origin = Origin(name, server, client)
    with Connection(origin.address) as connection:
        connection.send(origin.upload_head("Content-Length: 3", *lines))
        assert connection.response()[0] == 100
        connection.send(BODY)
        assert connection.response()[0] == origin.stored


CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "size that is no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "data longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "trailer with a space before the colon": b"3\r\nabc\r\n0\r\nA : b\r\n\r\n",
    "trailer without a colon": b"3\r\nabc\r\n0\r\nAbc\r\n\r\n",
}


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("name", ORIGINS)
def test_chunks_that_are_none(server, client, name, chunks):
    origin = Origin(name, server, client)
    answer = origin.send(origin.upload_head("Transfer-Encoding: chunked") + CHUNKS[chunks])
    assert answer.code == (400, CODES[name][400])
    header, document = answer.request_ids
    assert header == document
    assert answer.fields["connection"] == "close"


# Methods that neither has. The storage origin verifies a URL before it says what a path has (docs/architecture.md, A3),
# and a GET's URL is none of another method; the API says 405 to whoever asks, and knows no other methods than HTTP's.
METHODS = {"TRACE": (403, 405), "PATCH": (403, 405), "CONNECT": (403, 405), "get": (403, 400), "FROB": (403, 400)}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_there_is_not(places, method):
    message = f"{method} {{t}} HTTP/1.1\r\nHost: {{h}}\r\n{{a}}\r\n"
    found = tuple(send(places, origin, message)[0][0] for origin in ORIGINS)
    assert found == METHODS[method]
