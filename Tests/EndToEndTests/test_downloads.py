"""GET and HEAD on the storage origin."""

import os
import subprocess
import time

import pytest
from cloakroom import error_code, http
from raw import Connection, head

DATA = os.urandom(2_500_000)
# Around every length at which bodies are written or sent another way.
SIZES = [
    1, 4_096, 8_191, 8_192, 8_193, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577,
    1_048_576 + 4_096, 1_048_576 + 65_536, 5 * 262_144, 3_000_001,
]


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(DATA)


@pytest.fixture(scope="module")
def url(client, file_id):
    return client.url(file_id)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_comes_back(client, size):
    data = os.urandom(size)
    assert http("GET", client.url(client.upload(data))).content == data


def forget_pages(server, file_id):
    """Makes the kernel drop a blob from its page cache, so that reading it waits for the disk."""
    uuid = file_id.removeprefix("file_")
    path = server.data_dir / "blobs" / uuid[-2:] / uuid
    # A small one is in a pack.
    for path in [path] if path.exists() else server.data_dir.glob("blobs/packs/*"):
        with open(path, "rb") as blob:
            os.fsync(blob.fileno())
            os.posix_fadvise(blob.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.mark.parametrize("size", [5, 20_000, 65_536, 65_537, 1_048_576, 5_000_003])
def test_a_file_that_is_not_in_memory_comes_back(server, client, size):
    data = os.urandom(size)
    file_id = client.upload(data)
    url = client.url(file_id)
    forget_pages(server, file_id)
    assert http("GET", url).content == data
    forget_pages(server, file_id)
    part = http("GET", url, headers={"Range": f"bytes={size // 2}-"})
    assert (part.status_code, part.content) == (206, data[size // 2 :])


def test_headers(url, file_id):
    response = http("GET", url)
    expected = {
        "Content-Type": "image/png",
        "Content-Length": str(len(DATA)),
        "ETag": f'"{file_id}"',
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
        "sandbox allow-same-origin",
        "Referrer-Policy": "no-referrer",
        "Access-Control-Allow-Origin": "*",
        "Content-Disposition": 'inline; filename="photo.png"',
    }
    assert {name: response.headers[name] for name in expected} == expected
    cache = response.headers["Cache-Control"]
    assert cache.startswith("private, max-age=") and 0 < int(cache.rpartition("=")[2]) <= 3600


def test_head_is_get_without_the_body(url):
    get, answer = http("GET", url), http("HEAD", url)
    assert answer.content == b""
    names = ["Content-Type", "Content-Length", "ETag", "Accept-Ranges", "Content-Disposition"]
    assert [answer.headers[name] for name in names] == [get.headers[name] for name in names]


SIZE = len(DATA)


@pytest.mark.parametrize(
    ("field", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-499", 0, 499),
        ("bytes=500-999", 500, 999),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        ("bytes=9500-", 9500, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=0-{SIZE * 9}", 0, SIZE - 1),
        ("bytes=100-99999999999999999999", 100, SIZE - 1),
        ("BYTES=1-2", 1, 2),
        ("bytes=65535-131073", 65535, 131073),
    ],
)
def test_a_range_selects_a_part(url, field, first, last):
    response = http("GET", url, headers={"Range": field})
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.content == DATA[first : last + 1]


@pytest.mark.parametrize("field", [f"bytes={SIZE}-", "bytes=99999999999999999999-", "bytes=-0"])
def test_a_range_outside_is_refused(url, field):
    response = http("GET", url, headers={"Range": field})
    assert (response.status_code, error_code(response)) == (416, "InvalidRange")
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("field", ["bytes=2-1", "bytes=a-b", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes", "0-1"])
def test_a_range_that_means_nothing_is_ignored(url, field):
    response = http("GET", url, headers={"Range": field})
    assert (response.status_code, len(response.content)) == (200, SIZE)


def test_conditional_requests(url, file_id):
    tag = f'"{file_id}"'
    for value in (tag, "*", f'"other", {tag}', f"W/{tag}"):
        response = http("GET", url, headers={"If-None-Match": value})
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)
    assert http("GET", url, headers={"If-None-Match": '"other"'}).status_code == 200
    assert http("GET", url, headers={"If-Match": tag}).status_code == 200
    assert http("GET", url, headers={"If-Match": "*"}).status_code == 200
    for value in ('"other"', f"W/{tag}"):
        response = http("GET", url, headers={"If-Match": value})
        assert (response.status_code, error_code(response)) == (412, "PreconditionFailed")
    assert http("GET", url, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    assert http("GET", url, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xml", "text/javascript"])
def test_what_a_browser_would_run_is_an_attachment(client, content_type):
    response = http("GET", client.url(client.upload(b"<script>", "x", content_type)))
    assert response.headers["Content-Disposition"] == 'attachment; filename="x"'


def test_a_filename_survives_in_both_forms(client):
    response = http("GET", client.url(client.upload(b"x", 'naïve "☃".png')))
    assert response.headers["Content-Disposition"] == (
        "inline; filename=\"na_ve ___.png\"; filename*=UTF-8''na%C3%AFve%20%22%E2%98%83%22.png"
    )


def test_a_pending_file_has_no_bytes(server, client):
    from signing import presign

    ticket = client.mint(10)
    response = http("GET", presign(server, "GET", f"/files/{ticket['file_id']}"))
    assert (response.status_code, error_code(response)) == (404, "NoSuchKey")


def test_a_deleted_file_is_gone_at_once(server, client):
    file_id = client.upload(b"bytes")
    url = client.url(file_id)
    assert http("GET", url).status_code == 200
    assert client.delete(f"/v1/files/{file_id}").status_code == 204
    response = http("GET", url)
    assert (response.status_code, error_code(response)) == (404, "NoSuchKey")
    assert not list(server.data_dir.glob(f"blobs/*/{file_id.removeprefix('file_')}"))


@pytest.mark.parametrize("size", [1_000, 65_536, 65_537])
def test_the_bytes_of_a_deleted_file_are_gone_from_the_disk(server, client, size):
    def is_on_disk():
        command = ["grep", "--recursive", "--quiet", "--binary", "--text", marker, server.data_dir / "blobs"]
        return subprocess.run(command).returncode == 0

    marker = os.urandom(16).hex()
    file_id = client.upload(marker.encode() + bytes(size - len(marker)))
    assert http("GET", client.url(file_id)).status_code == 200
    assert is_on_disk()
    assert client.delete(f"/v1/files/{file_id}").status_code == 204
    deadline = time.monotonic() + 5
    while is_on_disk():  # the download's end may not have been noticed yet
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_preflight_needs_no_signature(server, file_id):
    fields = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-amz-checksum-sha256",
    }
    response = http("OPTIONS", f"{server.storage}/uploads/{file_id}", headers=fields)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"] == "content-type,x-amz-checksum-sha256"


def test_a_slow_reader_gets_everything(server, url):
    with Connection(server.storage_address, timeout=30) as connection:
        connection.send(head("GET", url, "Connection: close"))
        time.sleep(2)
        status, _, body = connection.response()
    assert (status, body == DATA) == (200, True)


@pytest.mark.parametrize("size", [30_000, 65_536, 65_537])
def test_a_file_deleted_before_its_download_is_read_arrives_whole(server, client, size):
    from concurrent.futures import ThreadPoolExecutor

    bodies = [bytes([index + 1]) * size for index in range(8)]
    with ThreadPoolExecutor(8) as pool:  # at the same time: they lie side by side
        ids = list(pool.map(client.upload, bodies))
    for file_id, body in zip(ids, bodies):
        with Connection(server.storage_address) as connection:
            connection.send(head("GET", client.url(file_id), "Connection: close"))
            time.sleep(0.05)  # all of it is in the sockets' buffers
            assert client.delete(f"/v1/files/{file_id}").status_code == 204
            time.sleep(0.05)
            status, _, received = connection.response()
        assert (status, received == body) == (200, True)


def test_a_client_that_goes_away_harms_nobody(server, url):
    for _ in range(20):
        with Connection(server.storage_address) as connection:
            connection.send(head("GET", url))
            connection.more()
    assert http("GET", url).content == DATA
