"""Clients of the API that send or read too slowly are ended, and those that are slow but get on are not."""

import concurrent.futures
import hashlib
import json
import os
import select
import socket
import time

import pytest
from cloakroom import Server
from held_connections import LARGE, Held
from raw import address_of, head

# As documented: fewer than so many bytes a second over a window of so many seconds, and no request for so long.
LOWEST_RATE, WINDOW, IDLE = 512, 20, 75
# Time-outs have a resolution of a second, at either end.
RESOLUTION = 2
# By then whoever is to be ended has been ended, even if the window before was good.
DEADLINE = 2 * WINDOW + 30
# Four times what is asked for, for more than two windows.
STEADY_RATE, STEADY_SECONDS = 4 * LOWEST_RATE, 2 * WINDOW + 5
# More than the socket's buffer takes.
STEADY_SIZE = 12_000_000


class Narrow(Held):
    """A connection with a small receive buffer, so that what is not read stays with the server."""

    def __init__(self, address):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.settimeout(60)
        self.socket.connect(address)
        self.buffer = b""

    def take(self, count):
        """Reads so many bytes of a body, fewer only at the end."""
        taken = bytearray()
        while len(taken) < count and (data := self.socket.recv(min(65_536, count - len(taken)))):
            taken += data
        return bytes(taken)


def seconds_until(condition, what, pause=0.5):
    started = time.monotonic()
    while not condition():
        assert time.monotonic() < started + DEADLINE, what
        time.sleep(pause)
    return time.monotonic() - started


def download(server, client, size):
    data = os.urandom(size)
    path = f"/v1/files/{client.upload(data)}"
    return data, path, f"{server.api}{path}/download"


def upload_head(server, client, size):
    fields = [f"Authorization: Bearer {client.key}", "Content-Type: image/png", f"Content-Length: {size}"]
    return head("POST", f"{server.api}/v1/files?filename=photo.png", *fields)


def stopped_reader(server):
    """Takes the head of a large answer, and no more until its place is free; returns when, and how much it gets then."""
    client = server.client("stopped-reader")
    _, path, url = download(server, client, LARGE)
    with Narrow(address_of(server.api)) as connection:
        connection.begin_download(url, f"Authorization: Bearer {client.key}")
        # Its key may have one request under way, which this one is.
        assert client.get(path).status_code == 429
        seconds = seconds_until(lambda: client.get(path).status_code == 200, "the download holds its place")
        return seconds, connection.end_download()


def slow_sender(server):
    """Sends a byte of a body each second; returns when it was ended, and what became of the upload."""
    client = server.client("slow-sender")

    def is_ended():
        if select.select([connection.socket], [], [], 1)[0]:
            return connection.is_closed()
        connection.try_to_send(b"x")
        return False

    with Held(address_of(server.api)) as connection:
        connection.send(upload_head(server, client, 1_000))
        seconds = seconds_until(is_ended, "the upload is still under way", pause=0)
    # Its key may have one request under way: once another is answered, nothing comes of this one any more.
    seconds_until(lambda: client.get("/v1/files").status_code == 200, "the upload holds its place")
    return seconds, client.get("/v1/files").json()["files"]


def steady_reader(server):
    """Reads slowly, then the rest; returns what was stored, and what came."""
    client = server.client("steady-reader")
    data, _, url = download(server, client, STEADY_SIZE)
    with Narrow(address_of(server.api)) as connection:
        connection.begin_download(url, f"Authorization: Bearer {client.key}")
        received = connection.buffer.partition(b"\r\n\r\n")[2]
        for _ in range(STEADY_SECONDS):
            received += connection.take(STEADY_RATE)
            time.sleep(1)
        received += connection.take(len(data) - len(received))
    return hashlib.sha256(data).hexdigest(), hashlib.sha256(received).hexdigest()


def steady_sender(server):
    """Sends slowly up to the end; returns what was sent, and what the answer says."""
    client = server.client("steady-sender")
    data = os.urandom(STEADY_RATE * STEADY_SECONDS)
    with Held(address_of(server.api)) as connection:
        connection.send(upload_head(server, client, len(data)))
        for start in range(0, len(data), STEADY_RATE):
            connection.send(data[start : start + STEADY_RATE])
            time.sleep(1)
        status, _, body = connection.response()
    return hashlib.sha256(data).hexdigest(), status, json.loads(body).get("sha256")


def idle_client(server):
    """Asks for something, and then for nothing any more; returns when it was ended."""
    with Held(address_of(server.api)) as connection:
        connection.send(head("GET", server.api + "/openapi.yaml"))
        assert connection.response()[0] == 200
        started = time.monotonic()
        connection.socket.settimeout(IDLE + DEADLINE)
        assert connection.is_closed()
        return time.monotonic() - started


CLIENTS = [stopped_reader, slow_sender, steady_reader, steady_sender, idle_client]


@pytest.fixture(scope="module")
def outcomes():
    """All of them at once: most of the time is spent waiting for the limits."""
    with Server("--concurrent-requests-per-key", "1") as server:
        with concurrent.futures.ThreadPoolExecutor(len(CLIENTS)) as pool:
            yield {client: pool.submit(client, server) for client in CLIENTS}
        assert "Request failed" not in server.logged()


def test_a_client_that_stops_reading_loses_its_place_and_not_its_download(outcomes):
    seconds, received = outcomes[stopped_reader].result()
    assert WINDOW - RESOLUTION < seconds < DEADLINE
    assert received == LARGE


def test_a_client_that_sends_a_byte_a_second_is_ended_and_nothing_is_kept(outcomes):
    seconds, files = outcomes[slow_sender].result()
    assert seconds > WINDOW - RESOLUTION
    assert files == []


def test_a_client_that_reads_slowly_but_fast_enough_gets_everything(outcomes):
    stored, received = outcomes[steady_reader].result()
    assert received == stored


def test_a_client_that_sends_slowly_but_fast_enough_is_answered(outcomes):
    sent, status, stored = outcomes[steady_sender].result()
    assert (status, stored) == (201, sent)


def test_a_connection_without_a_request_is_closed(outcomes):
    assert outcomes[idle_client].result() > IDLE - RESOLUTION
