"""What RFC 9112 forbids, over a plain socket: refused with an answer, and the connection ends."""

import os

import pytest
from raw import Connection, target


@pytest.fixture(scope="module")
def location(client):
    return target(client.url(client.upload(os.urandom(100))))


REFUSED = {
    "bare line feed": (b"GET {t} HTTP/1.1\nHost: {h}\n\n", 400),
    "bare line feed in a field": (b"GET {t} HTTP/1.1\r\nHost: {h}\nA: b\r\n\r\n", 400),
    "bare carriage return": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\nA: b\rc\r\n\r\n", 400),
    "carriage return that begins a line": (
        b"PUT {t} HTTP/1.1\r\nHost: {h}\r\n\rContent-Length: 5\r\n\r\nhello", 400,
    ),
    "folded line": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\nA: b\r\n c\r\n\r\n", 400),
    "leading white space": (b"GET {t} HTTP/1.1\r\n Host: {h}\r\n\r\n", 400),
    "space before the colon": (b"GET {t} HTTP/1.1\r\nHost : {h}\r\n\r\n", 400),
    "NUL in a value": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\nA: b\0c\r\n\r\n", 400),
    "empty name": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\n: b\r\n\r\n", 400),
    "no host": (b"GET {t} HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\nHost: {h}\r\n\r\n", 400),
    "two lengths": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    "differing lengths": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
    "list of lengths": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1, 1\r\n\r\nx", 400),
    "signed length": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: +1\r\n\r\nx", 400),
    "hexadecimal length": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 0x1\r\n\r\nx", 400),
    "length and coding": (
        b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "unknown coding": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    "coding twice": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501),
    "disguised coding": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
    "coding in 1.0": (b"PUT {t} HTTP/1.0\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "two spaces": (b"GET  {t} HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    "no version": (b"GET {t}\r\nHost: {h}\r\n\r\n", 400),
    "lower-case version": (b"GET {t} http/1.1\r\nHost: {h}\r\n\r\n", 400),
    "version 2": (b"GET {t} HTTP/2.0\r\nHost: {h}\r\n\r\n", 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "authority form": (b"CONNECT {h} HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    "relative target": (b"GET files HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "too many fields": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\n" + b"A: b\r\n" * 64 + b"\r\n", 431),
    "head too large": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\nA: " + b"b" * 17_000 + b"\r\n\r\n", 431),
    "head without an end": (b"GET {t} HTTP/1.1\r\nHost: {h}\r\nA: " + b"b" * 17_000, 431),
    "another expectation": (b"PUT {t} HTTP/1.1\r\nHost: {h}\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(server, location, name):
    template, expected = REFUSED[name]
    path, host = location
    data = template.replace(b"{t}", path.encode()).replace(b"{h}", host.encode())
    with Connection(server.storage_address) as connection:
        connection.send(data)
        status, fields, _ = connection.response()
        assert (status, fields["connection"]) == (expected, "close")
        assert connection.is_closed()


ACCEPTED = {
    "plain": b"GET {t} HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "empty line first": b"\r\nGET {t} HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "absolute form": b"GET http://{h}{t} HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "no space after the colon": b"GET {t} HTTP/1.1\r\nHost:{h}\r\n\r\n",
    "tabs around a value": b"GET {t} HTTP/1.1\r\nHost:\t{h}\t\r\n\r\n",
    "version 1.0": b"GET {t} HTTP/1.0\r\n\r\n",
    "empty value": b"GET {t} HTTP/1.1\r\nHost: {h}\r\nA:\r\n\r\n",
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(server, location, name):
    path, host = location
    with Connection(server.storage_address) as connection:
        for byte_at_a_time in (False, True):
            data = ACCEPTED[name].replace(b"{t}", path.encode()).replace(b"{h}", host.encode())
            for part in [data[index : index + 1] for index in range(len(data))] if byte_at_a_time else [data]:
                connection.send(part)
            status, fields, body = connection.response()
            assert (status, len(body)) == (200, 100)
            if "1.0" in name:
                assert connection.is_closed()
                return


BROKEN_CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "negative size": b"-1\r\nabc\r\n0\r\n\r\n",
    "prefixed size": b"0x3\r\nabc\r\n0\r\n\r\n",
    "bare line feed": b"3\nabc\r\n0\r\n\r\n",
    "longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "endless size": b"0" * 5_000,
    "seventeen digits": b"00000000000000003\r\nabc\r\n0\r\n\r\n",
    "bare carriage return in an extension": b"3;a=\rb\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
def test_broken_chunks(server, client, name):
    path, host = target(client.mint(3)["upload_url"])
    fields = f"Host: {host}\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked"
    with Connection(server.storage_address) as connection:
        connection.send(f"PUT {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + BROKEN_CHUNKS[name])
        status, sent, _ = connection.response()
        assert (status, sent["connection"]) == (400, "close")


def test_chunk_extensions_and_trailers_are_passed_over(server, client):
    path, host = target(client.mint(3)["upload_url"])
    fields = f"Host: {host}\r\nContent-Type: image/png\r\nTransfer-Encoding: Chunked"
    body = b'1;a=b\r\na\r\n02 ;c="d"\r\nbc\r\n0\r\nTrailer: x\r\n\r\n'
    with Connection(server.storage_address) as connection:
        connection.send(f"PUT {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body)
        assert connection.response()[0] == 200


def test_a_smuggled_request_is_not_seen(server, location):
    path, host = location
    hidden = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    outer = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(hidden)}\r\n\r\n".encode()
    with Connection(server.storage_address) as connection:
        connection.send(outer + hidden)
        assert connection.response()[1]["connection"] == "close"
        assert connection.is_closed()
