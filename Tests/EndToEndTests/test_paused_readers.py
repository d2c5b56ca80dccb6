"""Readers that pause: they are let be while connections are not scarce, and take none that others need."""

import concurrent.futures
import contextlib
import os
import time

import pytest
from cloakroom import Server
from held_connections import LARGE, eventually
from raw import address_of
from test_api_slow_clients import WINDOW, Narrow, download
from test_descriptors import FrugalServer
from test_operations import value

# The first window has the bytes that the sockets' buffers took, so that the second is the first without any.
PAUSE = 2 * WINDOW + 5


def pause(origin, url, *fields):
    """Takes the head of a large file, pauses, and takes the rest; returns how many bytes came."""
    with Narrow(address_of(origin)) as connection:
        connection.begin_download(url, *fields)
        time.sleep(PAUSE)
        return connection.end_download()


def pause_on_both(*options):
    """How many bytes a reader that pauses gets from the storage origin, and how many from the API."""
    with Server(*options) as server:
        client = server.client()
        _, path, api_url = download(server, client, LARGE)
        storage_url = client.url(path.rpartition("/")[2])
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            readings = [
                pool.submit(pause, server.storage, storage_url),
                pool.submit(pause, server.api, api_url, f"Authorization: Bearer {client.key}"),
            ]
            return [reading.result() for reading in readings]


def open_connections(server):
    return value(server.metrics(), "cloakroom_open_connections", origin="storage")


def pause_where_connections_are_few(directory):
    """Of 17 connections on two cores 13 are three quarters, and 4 are a quarter; returns how many stay open."""
    with FrugalServer(directory, 492 + 10 * os.cpu_count()) as server, contextlib.ExitStack() as stack:
        client = server.client()
        url = client.url(client.upload(os.urandom(LARGE)))
        eventually(lambda: open_connections(server) == 0)
        readers = [stack.enter_context(Narrow(server.storage_address)) for _ in range(6)]
        for reader in readers:
            reader.begin_download(url)
        counts = [open_connections(server)]
        eventually(lambda: open_connections(server) < 6, 3 * WINDOW)
        # Those that are closed are closed in the same second or the next.
        time.sleep(3)
        counts.append(open_connections(server))
        # While connections are scarce each new one takes the place of the reader that has paused longest.
        others = [stack.enter_context(Narrow(server.storage_address)) for _ in range(12)]
        for other in others:
            other.send(b"OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert other.response()[0] == 204
        eventually(lambda: open_connections(server) <= 13)
        counts.append(open_connections(server))
        for connection in readers + others:
            connection.close()
        return counts


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """All of them at once: most of the time is spent waiting."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        yield {
            "by default": pool.submit(pause_on_both),
            "not at all": pool.submit(pause_on_both, "--download-stall-seconds", "20"),
            "few connections": pool.submit(pause_where_connections_are_few, tmp_path_factory.mktemp("few")),
        }


def test_a_player_that_pauses_gets_everything(outcomes):
    assert outcomes["by default"].result() == [LARGE, LARGE]


def test_a_reader_that_pauses_for_longer_than_configured_is_closed(outcomes):
    for received in outcomes["not at all"].result():
        assert 0 < received < LARGE


def test_readers_that_pause_take_no_connections_that_others_need(outcomes):
    # Of one address a quarter of all connections may pause.
    assert outcomes["few connections"].result() == [6, 4, 13]
