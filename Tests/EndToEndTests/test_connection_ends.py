"""However a connection ends, its place among those of its address is free, once."""

import concurrent.futures
import os
import socket

import pytest
from connection_limits import (
    CONNECTIONS, UNSIGNED, UPLOAD, connecting, holding, open_connections, quiet, ready, refused,
)  # fmt: skip
from held_connections import LARGE, Held, eventually
from raw import address_of, head

# What the client does to the end, on either origin.
ENDS = {
    "nothing": lambda connection: connection.close(),
    "nothing, and a reset": lambda connection: connection.reset(),
    "half a head": lambda connection: (connection.try_to_send(b"GET / HT"), connection.close()),
    "half a head, and a reset": lambda connection: (connection.try_to_send(b"GET / HT"), connection.reset()),
    "half a head, and its side shut": lambda connection: (
        connection.try_to_send(b"GET / HT"),
        connection.socket.shutdown(socket.SHUT_WR),
        connection.is_closed(),
        connection.close(),
    ),
    "no HTTP": lambda connection: (connection.try_to_send(b"\0\r\n\r\n"), connection.status(), connection.close()),
    "an answer not read": lambda connection: (connection.try_to_send(UNSIGNED), connection.reset()),
    "the last answer": lambda connection: (
        connection.try_to_send(UNSIGNED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")),
        connection.status(),
        connection.close(),
    ),
    "a body not sent": lambda connection: (connection.try_to_send(UPLOAD), connection.status(), connection.close()),
}


@pytest.mark.parametrize("origin", ["storage", "api"])
@pytest.mark.parametrize("end", ENDS)
def test_however_a_connection_ends_its_place_is_free_once(quiet, origin, end):
    base = quiet.urls[origin]
    for _ in range(2):
        for _ in range(CONNECTIONS):
            ENDS[end](Held(address_of(base)))
        eventually(lambda: open_connections(quiet) == 0)
    # Not one too few, and not one too many.
    with holding(quiet, storage=1, api=CONNECTIONS - 1):
        refused(quiet)


@pytest.mark.parametrize("end", ENDS)
def test_so_does_one_that_is_refused(quiet, end):
    with holding(quiet, storage=CONNECTIONS):
        for _ in range(2):
            for _ in range(CONNECTIONS):
                ENDS[end](Held(address_of(quiet.storage)))
            eventually(lambda: open_connections(quiet) == CONNECTIONS)
        refused(quiet)
    eventually(lambda: open_connections(quiet) == 0)
    with holding(quiet, storage=CONNECTIONS - 1, api=1):
        refused(quiet)


@pytest.mark.parametrize("ends", ["close", "reset"])
def test_a_transfer_that_is_broken_off_frees_its_place(quiet, ends):
    client = quiet.client("default")
    large = client.url(client.upload(os.urandom(LARGE)))
    tickets = [client.mint(1_000_000) for _ in range(CONNECTIONS)]
    client.session.close()
    eventually(lambda: open_connections(quiet) == 0)
    downloads = [Held(address_of(quiet.storage)) for _ in range(CONNECTIONS)]
    for download in downloads:
        download.begin_download(large)
    refused(quiet)
    for download in downloads:
        getattr(download, ends)()
    eventually(lambda: open_connections(quiet) == 0)
    uploads = [Held(address_of(quiet.storage)) for _ in range(CONNECTIONS)]
    for upload, ticket in zip(uploads, tickets):
        fields = ["Content-Type: image/png", "Content-Length: 1000000", "Expect: 100-continue"]
        upload.send(head("PUT", ticket["upload_url"], *fields))
        assert upload.status() == 100
        upload.send(b"x" * 1_000)
    refused(quiet)
    for upload in uploads:
        getattr(upload, ends)()
    eventually(lambda: open_connections(quiet) == 0)
    with holding(quiet, storage=CONNECTIONS):
        refused(quiet)


def test_many_at_once_leave_nothing_behind(quiet, ready):
    """Clients that come and go together: each is served or told, and in the end every place is free."""
    outcomes = []

    def run():
        for _ in range(25):
            with Held(address_of(quiet.storage)) as connection:
                connection.try_to_send(head("GET", ready))
                outcomes.append(connection.status())

    with concurrent.futures.ThreadPoolExecutor(4 * CONNECTIONS) as threads:
        for done in [threads.submit(run) for _ in range(4 * CONNECTIONS)]:
            done.result()
    assert len(outcomes) == 25 * 4 * CONNECTIONS
    assert 200 in outcomes and set(outcomes) <= {200, 503, None}
    eventually(lambda: open_connections(quiet) == 0)
    with holding(quiet, storage=CONNECTIONS):
        refused(quiet)
