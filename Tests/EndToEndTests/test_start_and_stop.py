"""What the log and the operations listener say of a start and of a stop."""

import contextlib
import re
import signal

import pytest
import requests
from cloakroom import Server
from held_connections import LARGE, Held, eventually
from raw import address_of, head
from under_way import UnderWay



def lines(server, message):
    return [line for line in server.logged().splitlines() if message in line]


def readiness(server):
    """The status and the body of `/readyz`, `None` where nobody listens."""
    with contextlib.suppress(requests.ConnectionError):
        answer = requests.get(server.operations + "/readyz", timeout=5)
        return answer.status_code, answer.text
    return None


def upload_under_way(server, client, size=1000):
    """A presigned upload whose body is still to come."""
    ticket = client.mint(size)
    connection = Held(server.storage_address)
    fields = ["Content-Type: image/png", f"Content-Length: {size}", "Expect: 100-continue"]
    connection.send(head("PUT", ticket["upload_url"], *fields))
    assert connection.response()[0] == 100
    return connection


def test_the_start_is_logged():
    options = ["--storage-url=https://storage.example.org", "--max-size-bytes=12345", "--region=eu-1"]
    with Server(*options, "--requests-per-second=7") as server:
        [line] = lines(server, "Server started")
        assert " info " in line
        for part in (
            "server.version=0.1.0",
            f"data.directory={server.data_dir}",
            f"api.address={server.api.removeprefix('http://')}",
            f"storage.address={server.storage.removeprefix('http://')}",
            f"operations.address={server.operations.removeprefix('http://')}",
            f"api.url={server.api}",
            "storage.url=https://storage.example.org",
            "region=eu-1",
            "limits.max_size_bytes=12345",
            "limits.requests_per_second=7",
            "limits.connections_per_address=none",
            "limits.url_lifetime_seconds=3600",
        ):
            assert part in line.split(" "), part
        server.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_stop_is_logged_without_an_error(how):
    with Server() as server:
        client = server.client()
        client.upload(b"x" * 100_000)
        idle = [Held(address_of(url)) for url in server.urls.values()]
        half = Held(address_of(server.api))
        half.send(b"GET /v1/files HTTP/1.1\r\n")
        assert server.stop(how) == 0
        [begun], [ended] = lines(server, "Server shutting down"), lines(server, "Server stopped")
        assert f"signal={how.name}" in begun and f"signal={how.name}" in ended
        assert re.search(r"shutdown\.duration_milliseconds=\d+\b", ended)
        levels = {line.split(" ")[1] for line in server.logged().splitlines()}
        assert levels == {"info"}, server.logged()
        for connection in [*idle, half]:
            connection.close()


@pytest.mark.parametrize("origin", ["storage", "api"])
def test_the_server_is_not_ready_from_the_signal_on(origin):
    with Server() as server:
        client = server.client()
        if origin == "storage":
            upload, body = upload_under_way(server, client), b"x" * 1000
        else:
            upload = UnderWay(client)
            body = upload.body
        assert readiness(server) == (200, "ready\n")
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: readiness(server) == (503, "the server is shutting down\n"))
        assert requests.get(server.operations + "/healthz", timeout=5).status_code == 200
        assert requests.get(server.operations + "/metrics", timeout=5).status_code == 200
        # Neither origin takes new connections any more, whichever the upload is on.
        for url in (server.api, server.storage):
            eventually(lambda url=url: refuses(address_of(url)))
        assert readiness(server) == (503, "the server is shutting down\n")
        upload.send(body)
        assert upload.status() in (200, 201)
        assert server.process.wait(10) == 0
        upload.close()
        assert not [line for line in server.logged().splitlines() if " error " in line]
        assert not lines(server, "cut off")


def refuses(address):
    try:
        Held(address).close()
    except ConnectionRefusedError:
        return True
    except ConnectionError:
        pass
    return False


def test_what_is_cut_off_is_logged():
    with Server("--shutdown-timeout-seconds=1") as server:
        client = server.client()
        url = client.url(client.upload(bytes(LARGE), "large.bin", "application/octet-stream"))
        uploads = [upload_under_way(server, client) for _ in range(2)]
        download = Held(server.storage_address)
        download.begin_download(url)
        direct = UnderWay(client)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        found = {}
        for line in lines(server, "Connections cut off"):
            numbers = dict(re.findall(r"cut_off\.(\w+)=(\d+)", line))
            found[re.search(r"origin=(\w+)", line)[1]] = {name: int(number) for name, number in numbers.items()}
        assert found == {
            "storage": {"connections": 3, "uploads": 2, "downloads": 1},
            "api": {"connections": 1, "uploads": 1, "downloads": 0},
        }
        levels = {line.split(" ")[1] for line in server.logged().splitlines()}
        assert "error" not in levels and "warning" not in levels, server.logged()
        for connection in [*uploads, download, direct]:
            connection.close()


def test_without_a_grace_period_all_is_cut_off():
    with Server("--shutdown-timeout-seconds=0") as server:
        upload = upload_under_way(server, server.client())
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert upload.is_closed()
        assert "cut_off.uploads=1" in lines(server, "Connections cut off")[0]
        upload.close()
