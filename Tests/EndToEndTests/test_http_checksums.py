"""Checksums in the head of an upload and in its trailers, on both origins.

What a client announces is checked or rejected, never ignored: RFC 9530 for `Content-Digest` and `Repr-Digest`, RFC 1864
for `Content-MD5`, and the API reference of Amazon S3 (PutObject) for `x-amz-checksum-…`. The digests are Python's.
"""

import base64
import zlib

import pytest
from both_origins import API, BODY, ORIGINS, STORAGE, Origin, digest
from raw import Connection

SHA256, SHA512, MD5 = digest("sha256"), digest("sha512"), digest("md5")
CRC32 = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
OTHER = digest("sha256", b"xyz")
RIGHT = {
    "Content-MD5": MD5,
    "Content-Digest": f"sha-256=:{SHA256}:",
    "Repr-Digest": f"sha-512=:{SHA512}:",
    "x-amz-checksum-md5": MD5,
    "x-amz-checksum-sha1": digest("sha1"),
    "x-amz-checksum-sha256": SHA256,
    "x-amz-checksum-sha512": SHA512,
    "x-amz-checksum-crc32": CRC32,
    # By the parameters of CRC-32/ISCSI and CRC-64/NVME in the CRC catalogue, a bit at a time.
    "x-amz-checksum-crc32c": "Nks/tw==",
    "x-amz-checksum-crc64nvme": "BeXKuz/B+us=",
}
WRONG = {
    "Content-MD5": digest("md5", b"xyz"),
    "Content-Digest": f"sha-256=:{OTHER}:",
    "Repr-Digest": f"sha-512=:{digest('sha512', b'xyz')}:",
    "x-amz-checksum-md5": digest("md5", b"xyz"),
    "x-amz-checksum-sha1": digest("sha1", b"xyz"),
    "x-amz-checksum-sha256": OTHER,
    "x-amz-checksum-sha512": digest("sha512", b"xyz"),
    "x-amz-checksum-crc32": "AAAAAA==",
    "x-amz-checksum-crc32c": "AAAAAA==",
    "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=",
}
INVALID = (400, "INPUT_VALIDATION_ERROR")
BAD = {STORAGE: (400, "BadDigest"), API: INVALID}
MALFORMED = {STORAGE: (400, "InvalidDigest"), API: INVALID}
TRAILER = {STORAGE: (400, "MalformedTrailerError"), API: INVALID}
UNSUPPORTED = {STORAGE: (501, "NotImplemented"), API: (501, "CHECKSUM_UNSUPPORTED")}


@pytest.fixture(params=ORIGINS)
def origin(request, server, client):
    return Origin(request.param, server, client)


@pytest.mark.parametrize("name", RIGHT)
def test_a_checksum_in_the_head(origin, name):
    for send in (origin.upload, origin.upload_chunked):
        assert send(f"{name}: {RIGHT[name]}").status == origin.stored
        answer = send(f"{name}: {WRONG[name]}")
        assert answer.code == BAD[origin.name]
        assert name.lower().encode() in answer.body
        assert send(f"{name}: abc").code == MALFORMED[origin.name]


@pytest.mark.parametrize("announcement", ["Trailer", "trailer", "TRAILER"])
@pytest.mark.parametrize("name", RIGHT)
def test_a_checksum_in_a_trailer(origin, name, announcement):
    line = f"{announcement}: X-Other,{name}"
    assert origin.upload_chunked(line, trailers=[f"{name}: {RIGHT[name]}"]).status == origin.stored
    answer = origin.upload_chunked(line, trailers=["X-Other: a", f"{name.upper()}:\t{WRONG[name]} "])
    assert answer.code == BAD[origin.name]
    assert origin.upload_chunked(line, trailers=[f"{name}: abc"]).code == MALFORMED[origin.name]
    # Announced, and not there (nor by another name).
    assert origin.upload_chunked(line, trailers=["X-Other: a"]).code == TRAILER[origin.name]
    # Without chunks there are no trailers.
    assert origin.upload(line).code == TRAILER[origin.name]


def test_a_sha256_in_a_trailer_counts_without_announcement(origin):
    for name, wrong in (("x-amz-checksum-sha256", OTHER), ("Content-Digest", f"sha-256=:{OTHER}:")):
        assert origin.upload_chunked(trailers=[f"{name}: {RIGHT[name]}"]).status == origin.stored
        assert origin.upload_chunked(trailers=[f"{name}: {wrong}"]).code == BAD[origin.name]


@pytest.mark.parametrize("name", ["Content-MD5", "x-amz-checksum-crc32", "x-amz-checksum-sha512", "Repr-Digest"])
def test_another_checksum_in_a_trailer_needs_announcement(origin, name):
    """It cannot be checked any more, and is not ignored; the message says what to do."""
    answer = origin.upload_chunked(trailers=[f"{name}: {RIGHT[name]}"])
    assert answer.code == TRAILER[origin.name] and b"Trailer" in answer.body


def test_every_checksum_counts(origin):
    lines = [f"{name}: {value}" for name, value in RIGHT.items() if name != "Content-MD5"]
    assert origin.upload(*lines, f"Content-MD5: {MD5}").status == origin.stored
    assert origin.upload(*lines, f"Content-MD5: {WRONG['Content-MD5']}").code == BAD[origin.name]
    announced = ["Trailer: content-md5", "Trailer: x-amz-checksum-crc32, x-amz-checksum-sha1"]
    names = ("Content-MD5", "x-amz-checksum-crc32", "x-amz-checksum-sha1")
    trailers = [f"{name}: {RIGHT[name]}" for name in names]
    assert origin.upload_chunked(*announced, *lines, trailers=trailers).status == origin.stored
    for index, name in enumerate(names):
        wrong = [*trailers[:index], f"{name}: {WRONG[name]}", *trailers[index + 1 :]]
        assert origin.upload_chunked(*announced, *lines, trailers=wrong).code == BAD[origin.name]


UNKNOWN = {
    "x-amz-checksum-foo": "AAAAAA==",
    "X-Amz-Checksum-XXHASH64": "AAAAAAAAAAA=",
    "x-amz-checksum-xxhash128": "AAAAAAAAAAAAAAAAAAAAAA==",
    "x-amz-checksum-sha-256": SHA256,
    "x-amz-checksum-": "",
    "x-amz-checksum-modes": "ENABLED",
    "Content-Digest": f"md5=:{MD5}:",
    "Repr-Digest": f"md5=:{MD5}:, sha=:{digest('sha1')}:",
    "Digest": f"SHA-256={SHA256}",  # RFC 3230, which RFC 9530 obsoletes
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_algorithm(origin, name):
    line = f"{name}: {UNKNOWN[name]}"
    assert origin.upload(line).code == UNSUPPORTED[origin.name]
    known = f"x-amz-checksum-sha256: {SHA256}"
    assert origin.upload(known, line).code == UNSUPPORTED[origin.name]
    for announced in ([], [f"Trailer: {name}"]):
        answer = origin.upload_chunked(*announced, trailers=[line])
        assert answer.code == UNSUPPORTED[origin.name]
        assert name.lower().encode() in answer.body


@pytest.mark.parametrize("line", ["Trailer: x-amz-checksum-foo", "Trailer: a, Digest"])
def test_an_unknown_algorithm_that_is_announced_is_told_before_the_body(origin, line):
    head = origin.upload_head("Transfer-Encoding: chunked", "Expect: 100-continue", line)
    assert origin.send(head).code == UNSUPPORTED[origin.name]


# Of S3's fields, these name no digest.
NO_ALGORITHMS = [
    "x-amz-checksum-mode: ENABLED", "x-amz-checksum-type: FULL_OBJECT", "x-amz-checksum-algorithm: CRC32",
    "X-Amz-Checksum-Mode: x", "x-amz-sdk-checksum-algorithm: XXHASH64", "Want-Content-Digest: sha-256=1",
    "Want-Repr-Digest: md5=1", "Digests: x",
]  # fmt: skip


@pytest.mark.parametrize("line", NO_ALGORITHMS)
def test_no_algorithm(origin, line):
    assert origin.upload(line).status == origin.stored
    assert origin.upload_chunked(trailers=[line]).status == origin.stored
    name = line.partition(":")[0]
    assert origin.upload_chunked(f"Trailer: {name}").status == origin.stored


# RFC 9530 §2 and RFC 9651 §3.2: a dictionary of byte sequences; unknown keys are passed over beside a known one.
DICTIONARIES = {
    f"sha-256=:{SHA256}:": True,
    f"md5=:{MD5}:, sha-256=:{SHA256}:": True,
    f"sha-256=:{SHA256}:,unknown=:AA==:": True,
    f"sha-256=:{SHA256}:;a=1;b, sha-512=:{SHA512}:": True,
    f'sha-256=:{SHA256}:;a="x,y"': True,
    f"md5=:AAAA:, sha-256=:{SHA256}:": True,  # not held to what is not known
    f"sha-256=:{SHA256}:, sha-512=:{digest('sha512', b'xyz')}:": BAD,
    f"md5=:{MD5}:, sha-256=:{OTHER}:": BAD,
    "": MALFORMED,
    "sha-256": MALFORMED,
    "sha-256=": MALFORMED,
    f"sha-256={SHA256}": MALFORMED,
    f"SHA-256=:{SHA256}:": MALFORMED,
    f"sha-256 = :{SHA256}:": MALFORMED,
    f"sha-256=:{SHA256}:,": MALFORMED,
    f"sha-256=:{SHA256}: x": MALFORMED,
    f"sha-256=:{SHA256}": MALFORMED,
    f"sha-256=:{MD5}:": MALFORMED,
    f"md5=abc, sha-256=:{SHA256}:": MALFORMED,
    f"md5, sha-256=:{SHA256}:": MALFORMED,
}


@pytest.mark.parametrize("field", ["Content-Digest", "Repr-Digest"])
@pytest.mark.parametrize("value", DICTIONARIES, ids=range(len(DICTIONARIES)))
def test_a_dictionary(origin, field, value):
    expected = (origin.stored, None) if DICTIONARIES[value] is True else DICTIONARIES[value][origin.name]
    assert origin.upload(f"{field}: {value}").code == expected, value


def test_a_repetition_is_held_to_its_checksums(server, client):
    origin = Origin(STORAGE, server, client)
    ticket = client.mint(len(BODY))
    assert origin.upload(ticket=ticket).status == 200
    for name in RIGHT:
        assert origin.upload(f"{name}: {RIGHT[name]}", ticket=ticket).status == 200
        assert origin.upload(f"{name}: {WRONG[name]}", ticket=ticket).code == BAD[STORAGE]
        for values, expected in ((RIGHT, (200, None)), (WRONG, BAD[STORAGE])):
            trailers = [f"{name}: {values[name]}"]
            assert origin.upload_chunked(f"Trailer: {name}", trailers=trailers, ticket=ticket).code == expected
    assert origin.upload("x-amz-checksum-foo: x", ticket=ticket).code == UNSUPPORTED[STORAGE]


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 1_048_577])
def test_a_trailer_holds_a_body_of_any_size(origin, size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    right = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    for value, status in ((right, origin.stored), ("AAAAAA==", 400)):
        trailers = [f"x-amz-checksum-crc32: {value}"]
        assert origin.upload_chunked("Trailer: x-amz-checksum-crc32", trailers=trailers, body=body).status == status


def test_requests_behind_one_another_keep_their_trailers(server, client):
    """Of requests that arrive at once, each is held to its own trailers."""
    origin = Origin(API, server, client)
    head = origin.upload_head("Transfer-Encoding: chunked", "Trailer: content-md5")
    right, wrong = (b"3\r\nabc\r\n0\r\ncontent-md5: %s\r\n\r\n" % v.encode() for v in (MD5, WRONG["Content-MD5"]))
    plain = origin.upload_head("Content-Length: 3") + BODY
    with Connection(origin.address) as connection:
        connection.send(head + right + plain + head + wrong + plain + head + right)
        assert [connection.response()[0] for _ in range(5)] == [201, 201, 400, 201, 201]


def test_digests_of_a_form_are_refused(server, client):
    """They would be of the form and not of the file in it."""
    origin = Origin(API, server, client)
    form = b"--b\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\nabc\r\n--b--\r\n"

    def post(*lines, trailers=b""):
        head = origin.upload_head("Transfer-Encoding: chunked", *lines)
        head = head.replace(b"Content-Type: image/png", b"Content-Type: multipart/form-data; boundary=b")
        return origin.send(head.replace(b"?filename=a.png", b"") + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(form), form, trailers))

    assert post().status == 201
    for name, value in RIGHT.items():
        assert post(f"{name}: {value}").code == INVALID
        assert post(f"Trailer: {name}", trailers=f"{name}: {value}\r\n".encode()).code == INVALID
    assert post(trailers=f"x-amz-checksum-sha256: {digest('sha256', form)}\r\n".encode()).code == INVALID
    assert post("x-amz-checksum-foo: x").code == UNSUPPORTED[API]
    assert post(trailers=b"x-amz-checksum-foo: x\r\n").code == UNSUPPORTED[API]
    assert post("If-Match: *").status == 412
    assert post("Content-Range: bytes 0-2/3").code == INVALID
