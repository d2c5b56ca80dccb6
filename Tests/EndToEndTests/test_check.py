"""`cloakroom check`: what it finds, what it repairs, and what it leaves alone."""

import concurrent.futures
import os
import re
import shutil
import threading

import pytest
from cloakroom import Server, command, error_code, put
from damage import (
    HEADER, LARGE, SMALL, WITHOUT_SCRUB, Copy, check, digest, flipped, fresh_upload_url, key, place, quarantined, run,
    sha256sum, status, uuid,
)  # fmt: skip
from test_client_commands import wait_until


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A data directory whose server has ended, with a small and a large file."""
    path = tmp_path_factory.mktemp("check")
    data = {size: os.urandom(size) for size in (SMALL, LARGE)}
    with Server(WITHOUT_SCRUB, data_dir=path) as server:
        client = server.client("acme")
        ids = {size: client.upload(data[size]) for size in data}
        client.mint(77)
        client.delete(f"/v1/files/{client.upload(b'deleted')}")
        data_dir = server.data_dir
    return data_dir, ids, data


@pytest.fixture
def store(original, tmp_path):
    return Copy(original, tmp_path)


def orphan(store):
    shutil.copy(store.large.path, store.data_dir / "blobs/ab/abababab-abab-4bab-abab-abababababab")


def unreferenced(store):
    store.sqlite(f"DELETE FROM files WHERE id = {key(store.ids[SMALL])}")


def usage(store):
    store.sqlite("UPDATE organizations SET used_files = 9, used_bytes = 10 WHERE id = 'acme'")


LOST = ": can be uploaded again"
WAITS = ": moved to quarantine, can be uploaded again"
# What is done, what is found, what is done about it, and whether every byte has to be read for that.
HARMS = {
    "missing": (lambda store: store.large.path.unlink(), "damaged LARGE missing", LOST, False),
    "missing pack": (lambda store: store.small.path.unlink(), "damaged SMALL missing", LOST, False),
    "cut": (lambda store: store.truncate(store.large, 99_999), "damaged LARGE length 99999 instead of 100000", WAITS,
            False),
    "cut pack": (lambda store: store.truncate(store.small, 17), "damaged SMALL length 17 instead of 5000", WAITS,
                 False),
    "flipped": (lambda store: store.large.flip(99_999), "damaged LARGE sha256 differs", WAITS, True),
    "flipped in a pack": (lambda store: store.small.flip(4_999), "damaged SMALL sha256 differs", WAITS, True),
    "orphan": (orphan, "orphan file_abababab-abab-4bab-abab-abababababab"
               " blobs/ab/abababab-abab-4bab-abab-abababababab belongs to no file", ": moved to quarantine", False),
    "unreferenced": (unreferenced, "unreferenced PACK 8192 bytes at 4096 with the header of SMALL belong to no file",
                     ": moved to quarantine", False),
    "usage": (usage, "usage acme 9 files and 10 bytes instead of 3 and 105077", ": corrected", False),
}


@pytest.mark.parametrize("name", HARMS)
def test_harm_is_found_and_repaired(store, name):
    harm, line, repair, needs_data = HARMS[name]
    harm(store)
    line = store.text(line)
    assert check(store.data_dir) == ([] if needs_data else [line])
    assert check(store.data_dir, "--data") == [line]
    # Looking changes nothing.
    assert check(store.data_dir, "--data") == [line]
    assert check(store.data_dir, "--repair", *(["--data"] if needs_data else [])) == [line + repair]
    assert check(store.data_dir, "--data") == []
    assert check(store.data_dir, "--data", "--repair") == []

    sums = "SELECT id FROM organizations o WHERE (used_files, used_bytes) <> (SELECT count(*)," \
        " coalesce(sum(size_bytes), 0) FROM files WHERE organization_id = o.id)"
    assert store.sqlite(sums) == []
    assert store.sqlite("PRAGMA integrity_check") == [["ok"]]
    # What was damaged waits for the bytes that it had; the other file is as it was.
    for size, word in ((SMALL, "SMALL"), (LARGE, "LARGE")):
        query = "SELECT sha256 IS NULL, lower(hex(coalesce(sha256, declared_sha256))) FROM files WHERE id = "
        is_damaged = HARMS[name][1].startswith(f"damaged {word}")
        is_gone = name == "unreferenced" and size == SMALL
        expected = [] if is_gone else [["1" if is_damaged else "0", digest(store.data[size])]]
        assert store.sqlite(query + key(store.ids[size])) == expected
    kept = {
        "cut": {uuid(store.ids[LARGE]): digest(store.data[LARGE][:99_999])},
        "cut pack": {uuid(store.ids[SMALL]): digest(store.data[SMALL][:17])},
        "flipped": {uuid(store.ids[LARGE]): digest(flipped(store.data[LARGE], 99_999))},
        "flipped in a pack": {uuid(store.ids[SMALL]): digest(flipped(store.data[SMALL], 4_999))},
        "orphan": {"abababab-abab-4bab-abab-abababababab": digest(store.data[LARGE])},
        "unreferenced": {uuid(store.ids[SMALL]): digest(store.data[SMALL])},
    }
    assert quarantined(store.data_dir) == kept.get(name, {})


def test_what_was_repaired_takes_its_bytes_again(store):
    store.large.flip()
    store.small.path.unlink()
    assert len(check(store.data_dir, "--repair", "--data")) == 2
    with Server(data_dir=store.data_dir) as server:
        client = server.client("acme")
        for size, file_id in store.ids.items():
            assert status(client, file_id) == "pending"
            url = fresh_upload_url(client, file_id)
            assert error_code(put(url, os.urandom(size))) == "BadDigest"
            assert put(url, store.data[size]).status_code == 200
            assert client.get(f"/v1/files/{file_id}/download").content == store.data[size]
        assert check(server.data_dir, "--data") == []


def test_more_damage_than_is_allowed_is_left_alone(store):
    store.large.path.unlink()
    store.small.path.unlink()
    lines = sorted(f"damaged {file_id} missing" for file_id in store.ids.values())
    result = run(store.data_dir, "--repair", "--max-damaged=1")
    assert sorted(result.stdout.splitlines()) == lines and result.returncode == 1
    assert "2 files are damaged, more than --max-damaged allows (1)" in result.stderr
    assert store.sqlite("SELECT count(*) FROM files WHERE sha256 IS NOT NULL") == [["2"]]
    repaired = check(store.data_dir, "--repair", "--max-damaged=2")
    assert sorted(repaired) == [f"{line}: can be uploaded again" for line in lines]
    assert check(store.data_dir, "--data") == []
    for options, what in ((["--max-damaged=3"], "--repair"), (["--repair", "--max-damaged=-1"], "0 or more")):
        result = run(store.data_dir, *options)
        assert result.returncode == 64 and what in result.stderr


def test_a_directory_that_is_missing_is_not_made_anew(store):
    shutil.move(store.data_dir / "blobs", store.data_dir / "elsewhere")
    for line in (["serve", "--api-address=127.0.0.1:0", "--storage-address=127.0.0.1:0"], ["check", "--repair"]):
        result = command(*line, data_dir=store.data_dir, check=False)
        assert result.returncode == 1
        assert re.search(r"/blobs/[0-9a-f]{2} is missing", result.stderr)
        assert not (store.data_dir / "blobs").exists()
    shutil.move(store.data_dir / "elsewhere", store.data_dir / "blobs")
    assert check(store.data_dir, "--data") == []


def test_what_harms_nobody_is_noted_and_stays(store):
    (store.data_dir / "blobs/lost+found").mkdir()
    (store.data_dir / "blobs/3f/notes.txt").write_bytes(b"x")
    store.small.flip(-HEADER + 100)
    lines = [
        f"noted {store.ids[SMALL]} the header of its slot is damaged; its bytes are intact",
        "noted blobs/3f/notes.txt does not belong here and was not changed",
        "noted blobs/lost+found does not belong here and was not changed",
    ]
    for options in ([], ["--data"], ["--repair", "--data"], []):
        assert sorted(check(store.data_dir, *options)) == sorted(lines)


def hashes(data_dir):
    return {path: sha256sum(path) for path in (data_dir / "blobs").rglob("*") if path.is_file()}


@pytest.mark.parametrize("table", ["files", "organizations", "deleted_files"])
def test_a_corrupt_page_is_said_and_nothing_is_changed(store, table):
    [[page], [size]] = store.sqlite(
        f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'; SELECT page_size FROM pragma_page_size"
    )
    store.sqlite("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(store.data_dir / "catalog.sqlite", "r+b") as file:
        file.seek((int(page) - 1) * int(size))
        file.write(b"\xa5" * int(size))
    before = hashes(store.data_dir)
    for options in ([], ["--data"], ["--repair"], ["--repair", "--data"]):
        result = run(store.data_dir, *options)
        lines = result.stdout.splitlines()
        assert result.returncode == 1 and lines, result
        assert all(line.startswith("corrupt catalog.sqlite ") for line in lines)
        assert f"0 files, 0 bytes, {len(lines)} findings" in result.stderr
        assert "cloakroom restore" in result.stderr
    assert hashes(store.data_dir) == before


def test_a_database_that_is_none_is_said(store):
    store.sqlite("PRAGMA wal_checkpoint(TRUNCATE)")
    (store.data_dir / "catalog.sqlite").write_bytes(os.urandom(8_192))
    for options in ([], ["--repair"]):
        result = run(store.data_dir, *options)
        assert result.returncode == 1 and result.stdout.startswith("corrupt catalog.sqlite "), result
        assert "cloakroom restore" in result.stderr


def test_the_summary_counts_what_is_there(store):
    [[files, size]] = store.sqlite("SELECT count(*), sum(size_bytes) FROM files WHERE sha256 IS NOT NULL")
    assert (files, size) == ("2", str(SMALL + LARGE))
    for options in ([], ["--data"], ["--repair"]):
        result = run(store.data_dir, *options)
        assert (result.returncode, result.stdout) == (0, "")
        assert result.stderr == f"cloakroom: {files} files, {size} bytes, 0 findings\n"


def test_no_repair_beside_a_server(server):
    result = run(server.data_dir, "--repair")
    assert (result.returncode, result.stdout) == (1, "")
    assert "in use by another server" in result.stderr


def test_wrong_options_and_directories(tmp_path):
    assert run(tmp_path, "--thoroughly").returncode == 64
    for path in (tmp_path, tmp_path / "mistyped"):
        for options in ([], ["--repair"]):
            result = run(path, *options)
            assert (result.returncode, result.stdout) == (1, ""), result
            assert str(path) in result.stderr and "findings" not in result.stderr
    assert not (tmp_path / "mistyped").exists()
    assert not (tmp_path / "catalog.sqlite").exists()


def test_a_check_beside_a_busy_server_finds_nothing():
    with Server() as server:
        client = server.client()
        over, done = threading.Event(), []

        def work(index):
            kept = []
            while not over.is_set():
                size = LARGE if len(done) % 4 == 0 else 1 + (len(done) * 997) % 60_000
                if index % 2:
                    kept.append(client.upload(os.urandom(size)))
                else:
                    headers = {"Content-Type": "image/png"}
                    answer = client.post("/v1/files?filename=a.png", data=os.urandom(size), headers=headers)
                    assert answer.status_code == 201, answer.text
                    kept.append(answer.json()["file_id"])
                done.append(size)
                if len(kept) > 10:
                    assert client.delete(f"/v1/files/{kept.pop(0)}").status_code == 204

        pool = concurrent.futures.ThreadPoolExecutor(8)
        working = [pool.submit(work, index) for index in range(8)]
        try:
            wait_until(lambda: len(done) > 20)
            for turn in range(20):
                before = len(done)
                assert check(server.data_dir, *(["--data"] if turn % 2 else [])) == []
                wait_until(lambda: len(done) > before)
        finally:
            over.set()
            pool.shutdown()
        for worker in working:
            worker.result()
        assert len(done) > 100
        # It can see what is wrong.
        damaged = client.upload(os.urandom(LARGE))
        place(server.data_dir, damaged).path.unlink()
        assert check(server.data_dir) == [f"damaged {damaged} missing"]
