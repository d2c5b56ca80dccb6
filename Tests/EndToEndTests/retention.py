"""Files that end: how they are made and looked at, and whether they have a row."""

import contextlib
import datetime
import sqlite3
import time

import pytest
from test_api import TIME
from test_client_commands import wait_until

# Packed, and in a file of its own.
SIZES = [5_000, 100_000]
sizes = pytest.mark.parametrize("size", SIZES)


@pytest.fixture(scope="module")
def gateway(server):
    return server.client(gateway=True)


def seconds(text):
    assert TIME.fullmatch(text), text
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp())


def shown(client, file_id):
    response = client.get(f"/v1/files/{file_id}")
    assert response.status_code == 200, response.text
    return response.json()


def life(file):
    """How many seconds there are between a file's creation and its end."""
    return seconds(file["expires_at"]) - seconds(file["created_at"])


def send(client, data, lifetime=None, **headers):
    end = "" if lifetime is None else f"&expires_after_seconds={lifetime}"
    headers = {"Content-Type": "image/png", **headers}
    return client.post(f"/v1/files?filename=a.png{end}", data=data, headers=headers)


def wait_for_end(client, file_id, limit=20):
    """Waits until a file is not found any more, and returns the time of that."""
    wait_until(lambda: client.get(f"/v1/files/{file_id}").status_code == 404, limit)
    return time.time()


def has_row(server, file_id):
    identifier = bytes.fromhex(file_id.removeprefix("file_").replace("-", ""))
    path = f"file:{server.data_dir / 'catalog.sqlite'}?mode=ro"
    with contextlib.closing(sqlite3.connect(path, uri=True)) as database:
        return database.execute("SELECT 1 FROM files WHERE id = ?", [identifier]).fetchone() is not None
