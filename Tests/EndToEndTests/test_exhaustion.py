"""Disks without bytes, inodes or the right to write: clear answers, and no restart afterwards."""

import os
import re
import signal

import pytest
from cloakroom import Server, error_code, http as request, put
from exhaustion import (
    API_FAILURES, DIRECT, OWN_FILE, STORAGE_FAILURES, accepted, check, check_restarted, declare, delete, eventually,
    is_pending, is_ready, own_file, readiness, refused_as_full, renew, send, stored, upload_until_full,
)  # fmt: skip
from filesystems import MEBIBYTE, ext4, fill, mount_again, read_only_for, set_aside, tmpfs, turn_read_only
from test_api import error

# Room for a pack, which is made only where 160 MiB are free.
DISK = 256 * MEBIBYTE
# What the server sets aside for the catalogue.
RESERVE = 8 * MEBIBYTE

both_filesystems = pytest.mark.parametrize("filesystem", [tmpfs, ext4], ids=["tmpfs", "ext4"])


# Bytes


def test_uploads_that_fill_the_disk_are_refused_until_something_is_deleted(tmp_path):
    with tmpfs(tmp_path, 64 * MEBIBYTE) as disk, Server(data_dir=disk / "data") as server:
        client, bodies = server.client(), {}
        large = [client.mint(MEBIBYTE) for _ in range(80)]
        small = [client.mint(60_000) for _ in range(60)]
        refused = upload_until_full(large, MEBIBYTE, bodies), upload_until_full(small, 60_000, bodies)
        assert len(bodies) >= 12
        for _ in range(80):
            data = os.urandom(200_000)
            response = send(client, data)
            if response.status_code != 201:
                break
            bodies[response.json()["file_id"]] = data
        error(response, 507, "STORAGE_FULL")
        assert all(is_pending(client, ticket) for ticket in refused)
        check(server, client, bodies)
        delete(client, bodies, list(bodies)[:10])
        for ticket, size in zip(refused, (MEBIBYTE, 60_000)):
            eventually(lambda: accepted(ticket, size, bodies), "uploads are refused although there is room")
        check(server, client, bodies)
        check_restarted(server, client, bodies)


@both_filesystems
def test_deletions_go_on_when_somebody_else_has_taken_every_byte(filesystem, tmp_path):
    with filesystem(tmp_path, DISK) as disk, Server(data_dir=disk / "data") as server:
        client, filler, reserve = server.client(), disk / "filler", server.data_dir / "reserve"
        packed = stored(client, [1_000] * 220)
        own = stored(client, [OWN_FILE, DIRECT] * 4)
        bodies = packed | own
        assert list(server.data_dir.glob("blobs/packs/*")) and own_file(server, list(own)[0]).exists()
        tickets = [(client.mint(size), size) for size in (1_000, OWN_FILE, DIRECT)]
        urls = [client.url(list(packed)[0]), client.url(list(own)[0])]
        eventually(lambda: set_aside(reserve) >= RESERVE, "no reserve has been set aside")

        # Nothing is asked of the server in between: not a byte is free when the first file is deleted. Deleting small
        # files takes more room in the catalogue's log than it gives back.
        fill(filler)
        delete(client, bodies, list(packed)[:200])
        for ticket, size in tickets:
            refused_as_full(put(ticket["upload_url"], os.urandom(size)))
            assert is_pending(client, ticket)
        error(send(client, b"x"), 507, "STORAGE_FULL")
        error(declare(client), 507, "STORAGE_FULL")
        status, reasons = readiness(server)
        assert status == 503 and re.search(r"\bfree\b", reasons), reasons
        check(server, client, bodies)
        delete(client, bodies, list(own)[:2])
        assert [request("GET", url).status_code for url in urls] == [404, 404]
        check(server, client, bodies)

        filler.unlink()
        for ticket, size in tickets:
            eventually(lambda: accepted(ticket, size, bodies), "uploads are refused although there is room")
        eventually(lambda: is_ready(server), "the server is not ready although there is room")
        eventually(lambda: set_aside(reserve) >= RESERVE, "the reserve has not been set aside again")

        # The reserve is as good as it was.
        fill(filler)
        delete(client, bodies, [*list(packed)[200:210], list(own)[2]])
        check(server, client, bodies)
        filler.unlink()
        eventually(lambda: is_ready(server), "the server is not ready although there is room")
        check_restarted(server, client, bodies)


@both_filesystems
def test_a_server_that_died_on_a_full_disk_starts_there_and_deletes(filesystem, tmp_path):
    with filesystem(tmp_path, DISK) as disk, Server(data_dir=disk / "data") as server:
        client, filler = server.client(), disk / "filler"
        bodies = stored(client, [1_000, OWN_FILE, DIRECT] * 4)
        ticket = client.mint(DIRECT)
        eventually(lambda: set_aside(server.data_dir / "reserve") >= RESERVE, "no reserve has been set aside")
        server.stop(signal.SIGKILL)
        fill(filler)
        server.start()
        check(server, client, bodies)
        delete(client, bodies, list(bodies)[:6])
        check(server, client, bodies)
        filler.unlink()
        # The storage origin has another port now, for which the URL has not been signed.
        renewed = renew(client, ticket)
        eventually(lambda: accepted(renewed, DIRECT, bodies), "uploads are refused although there is room")
        check_restarted(server, client, bodies)


# Inodes


@both_filesystems
def test_a_disk_without_inodes_serves_and_deletes(filesystem, tmp_path):
    with filesystem(tmp_path, DISK, inodes=400) as disk, Server(data_dir=disk / "data") as server:
        client, bodies = server.client(), {}
        tickets = [client.mint(OWN_FILE) for _ in range(400)]
        small = [client.mint(1_000) for _ in range(5)]
        # With its first body a pack is made, which takes an inode.
        assert accepted(small.pop(), 1_000, bodies)
        refused = upload_until_full(tickets, OWN_FILE, bodies)
        # It is inodes that are missing.
        assert os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize > 100 * MEBIBYTE
        assert is_pending(client, refused)
        error(send(client, os.urandom(OWN_FILE)), 507, "STORAGE_FULL")
        for ticket in small:
            data = os.urandom(1_000)
            response = put(ticket["upload_url"], data)
            if response.status_code == 200:
                bodies[ticket["file_id"]] = data
            else:
                refused_as_full(response)
        status, reasons = readiness(server)
        assert status == 503 and "inode" in reasons, reasons
        check(server, client, bodies)
        delete(client, bodies, list(bodies)[:6])
        eventually(lambda: accepted(refused, OWN_FILE, bodies), "uploads are refused although there are inodes")
        check(server, client, bodies)
        check_restarted(server, client, bodies)


# Writes


def refuses_every_write(server, client, bodies, tickets):
    """Every upload and deletion fails clearly and soon; everything else goes on."""
    for ticket, size in tickets:
        response = put(ticket["upload_url"], os.urandom(size))
        assert (response.status_code, error_code(response)) in STORAGE_FAILURES, response.text
        assert response.elapsed.total_seconds() < 10
        assert is_pending(client, ticket)
    writes = [
        lambda: send(client, b"x"),
        lambda: send(client, os.urandom(OWN_FILE)),
        lambda: declare(client),
        *(lambda file_id=file_id: client.delete(f"/v1/files/{file_id}") for file_id in list(bodies)[:3]),
    ]
    for write in writes:
        response = write()
        failure = response.status_code, response.json()["error"]["code"]
        assert failure in API_FAILURES, response.text
        error(response, *failure)
        assert response.elapsed.total_seconds() < 10
    status, reasons = readiness(server)
    assert status == 503 and re.search(r"\bwrites\b|read-only", reasons), reasons
    assert request("GET", server.operations + "/healthz").text == "ok\n"
    check(server, client, bodies)


def test_a_file_system_that_turned_read_only_is_served_and_repaired_by_a_restart(tmp_path):
    with ext4(tmp_path, DISK) as disk, Server(data_dir=disk / "data") as server:
        client = server.client()
        bodies = stored(client, [1_000, OWN_FILE, DIRECT] * 3)
        tickets = [(client.mint(size), size) for size in (1_000, OWN_FILE, DIRECT)]
        turn_read_only(disk)
        refuses_every_write(server, client, bodies, tickets)
        server.stop()
        mount_again(disk)
        server.start()
        check(server, client, bodies)
        for ticket, size in tickets:
            assert accepted(renew(client, ticket), size, bodies)
        delete(client, bodies, list(bodies)[:3])
        assert is_ready(server)
        check(server, client, bodies)


def test_writes_are_taken_again_without_a_restart_once_the_file_system_takes_them():
    """No kernel lets a file system that is written to turn read-only and back, so the calls are made to fail."""
    with Server() as server:
        client = server.client()
        bodies = stored(client, [1_000, OWN_FILE, DIRECT] * 3)
        tickets = [(client.mint(size), size) for size in (1_000, OWN_FILE, DIRECT)]
        with read_only_for(server.process.pid):
            refuses_every_write(server, client, bodies, tickets)
        for ticket, size in tickets:
            eventually(lambda: accepted(ticket, size, bodies), "uploads are refused although the disk takes them")
        delete(client, bodies, list(bodies)[:3])
        eventually(lambda: is_ready(server), "the server is not ready although the disk takes writes")
        check(server, client, bodies)
        check_restarted(server, client, bodies)
