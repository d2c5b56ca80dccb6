"""`cloakroom backup` beside a server under load, and `cloakroom restore`."""

import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time

import pytest
from cloakroom import BINARY, KEY, Client, Server, command, http, put

# Ports change with every start; URLs that were issued go on working, because the public URL stays.
STORAGE_URL = "http://storage.example"
NAME = re.compile(r"\d{8}T\d{6}Z")
# In a pack, at its limit, in a file of its own, and written past the page cache.
SIZES = [1, 700, 5_000, 65_536, 65_537, 300_000, 1_200_000]


def backup(server, directory, *options, check=True):
    """Makes a backup; returns the run, and the backup's path."""
    result = command("backup", str(directory), *options, data_dir=server.data_dir, check=check)
    return result, pathlib.Path(result.stdout.strip())


def restore(path, data_dir, *options, check=True):
    return command("restore", str(path), *options, data_dir=data_dir, check=check)


def read(server, url):
    """What a URL gives that may have been issued by another server with the same keys."""
    return http("GET", url.replace(STORAGE_URL, server.storage))


def upload(server, client, data):
    ticket = client.mint(len(data))
    response = put(ticket["upload_url"].replace(STORAGE_URL, server.storage), data)
    assert response.status_code == 200, response.text
    return ticket["file_id"]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def blob(data_dir, file_id):
    uuid = file_id.removeprefix("file_")
    return data_dir / "blobs" / uuid[-2:] / uuid


def kilobytes(path):
    """The room that a directory takes; a file with several names counts once."""
    return int(subprocess.run(["du", "-sk", path], capture_output=True, text=True, check=True).stdout.split()[0])


def integrity(path):
    query = ["sqlite3", path / "catalog.sqlite", "PRAGMA integrity_check"]
    return subprocess.run(query, capture_output=True, text=True).stdout.strip()


def listed(client):
    """Every file of the client's organization."""
    files, cursor = [], None
    while True:
        response = client.get("/v1/files", params={"limit": 1000, **({"cursor": cursor} if cursor else {})})
        assert response.status_code == 200, response.text
        files += response.json()["files"]
        cursor = response.json()["next_cursor"]
        if not cursor:
            return files


class Load:
    """Threads that upload and delete until they are told to stop, and what they were told."""

    def __init__(self, server, key, threads=4):
        self.server, self.key = server, key
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        # What was acknowledged; and what somebody has begun to delete.
        self.sealed, self.deleting = {}, set()
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.runs = [self.pool.submit(self.run, seed) for seed in range(threads)]

    def run(self, seed):
        chance = random.Random(seed)
        client = Client(self.server, self.key)
        while not self.stopping.is_set():
            data = chance.randbytes(chance.choice(SIZES))
            file_id = upload(self.server, client, data)
            with self.lock:
                self.sealed[file_id] = sha256(data)
                chosen = chance.choice(sorted(self.sealed.keys() - self.deleting))
                if chance.random() < 0.3:
                    self.deleting.add(chosen)
                else:
                    chosen = None
            if chosen:
                assert client.delete(f"/v1/files/{chosen}").status_code == 204

    def promised(self):
        """What has to be there from now on, unless somebody deletes it."""
        with self.lock:
            return {file_id: digest for file_id, digest in self.sealed.items() if file_id not in self.deleting}

    def wait(self, count):
        """Waits until so many more files have been acknowledged."""
        wanted = len(self.sealed) + count
        deadline = time.monotonic() + 60
        while len(self.sealed) < wanted:
            assert time.monotonic() < deadline, "the load does not get on"
            time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for run in self.runs:
            run.result(60)
        self.pool.shutdown()


def test_a_backup_under_load_has_everything_that_was_acknowledged(tmp_path):
    backups = tmp_path / "backups"
    with Server(f"--storage-url={STORAGE_URL}") as server:
        key = server.key("default")
        client = Client(server, key)
        load = Load(server, key)
        try:
            load.wait(80)
            rounds = []
            for _ in range(3):
                promised = load.promised()
                urls = {file_id: None for file_id in random.Random(1).sample(sorted(promised), 5)}
                for file_id in urls:
                    response = client.get(f"/v1/files/{file_id}/download", headers={"Accept": "application/json"})
                    urls[file_id] = response.json()["url"] if response.ok else None
                _, path = backup(server, backups)
                with load.lock:
                    kept = {id: digest for id, digest in promised.items() if id not in load.deleting}
                assert len(kept) > 10
                rounds.append((path, kept, urls))
                load.wait(10)
        finally:
            load.stop()
        assert sorted(path.name for path in backups.iterdir()) == [path.name for path, _, _ in rounds]

    for number, (path, kept, urls) in enumerate(rounds):
        assert NAME.fullmatch(path.name) and integrity(path) == "ok"
        data_dir = tmp_path / f"restored-{number}"
        assert restore(path, data_dir).stdout.strip() == str(data_dir)
        assert integrity(data_dir) == "ok"
        with Server(f"--storage-url={STORAGE_URL}", data_dir=data_dir) as restored:
            client = Client(restored, key)
            files = {file["file_id"]: file for file in listed(client)}
            for file_id, digest in kept.items():
                assert files[file_id]["status"] == "ready" and files[file_id]["sha256"] == digest
            for file_id, file in files.items():
                response = client.get(f"/v1/files/{file_id}/download")
                if file["status"] == "pending":
                    assert response.status_code == 404
                    continue
                # Nothing half, whatever was going on.
                assert response.status_code == 200 and sha256(response.content) == file["sha256"]
                assert load.sealed.get(file_id, file["sha256"]) == file["sha256"]
            for file_id, url in urls.items():
                if url and file_id in kept:
                    assert sha256(read(restored, url).content) == kept[file_id]
            # It is a store like any other.
            file_id = upload(restored, client, b"new")
            assert client.get(f"/v1/files/{file_id}/download").content == b"new"
            assert client.delete(f"/v1/files/{file_id}").status_code == 204
            with sqlite3.connect(f"file:{data_dir}/catalog.sqlite?mode=ro", uri=True) as database:
                for used in database.execute(
                    """SELECT used_files - (SELECT count(*) FROM files WHERE organization_id = organizations.id),
                        used_bytes - (SELECT coalesce(sum(size_bytes), 0) FROM files
                            WHERE organization_id = organizations.id) FROM organizations"""
                ):
                    assert used == (0, 0)


@pytest.fixture
def stored(tmp_path):
    """A server with a file of each size."""
    with Server(f"--storage-url={STORAGE_URL}") as server:
        client = server.client()
        chance = random.Random(7)
        files = {}
        for size in SIZES:
            data = chance.randbytes(size)
            files[upload(server, client, data)] = data
        yield server, client, files


def test_a_second_backup_takes_little_room_and_the_first_stays(stored, tmp_path):
    server, client, files = stored
    backups = tmp_path / "backups"
    _, first = backup(server, backups)
    one = kilobytes(backups)
    result, second = backup(server, backups)
    assert second.name > first.name
    both = kilobytes(backups)
    # The catalogue and the directories are there twice, the bytes once.
    assert sum(map(len, files.values())) // 1024 < one
    assert both - one < one - sum(map(len, files.values())) // 1024 + 100
    assert "bytes: 0 copied" in result.stderr and str(sum(map(len, files.values()))) in result.stderr
    large = max(files, key=lambda file_id: len(files[file_id]))
    assert blob(first, large).stat().st_ino == blob(second, large).stat().st_ino
    assert client.delete(f"/v1/files/{large}").status_code == 204
    _, third = backup(server, backups)
    assert not blob(third, large).exists() and sha256(blob(first, large).read_bytes()) == sha256(files[large])
    # The room goes with the last backup that has it.
    before = kilobytes(backups)
    for path in (first, second):
        subprocess.run(["rm", "-r", path], check=True)
    assert before - kilobytes(backups) > len(files[large]) // 1024
    restore(backups, tmp_path / "restored")
    with Server(f"--storage-url={STORAGE_URL}", data_dir=tmp_path / "restored") as restored:
        client = Client(restored, client.key)
        assert {file["file_id"] for file in listed(client)} == files.keys() - {large}


def test_modes_and_secrets(stored, tmp_path):
    server, client, files = stored
    result, path = backup(server, tmp_path / "backups")
    restored = restore(tmp_path / "backups", tmp_path / "restored")
    for root in (path, tmp_path / "restored"):
        entries = [root, *root.rglob("*")]
        assert len(entries) > 256
        for entry in entries:
            mode = entry.lstat().st_mode
            assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), entry
        assert (root / "signing-keys").read_bytes() == (server.data_dir / "signing-keys").read_bytes()
        assert not (root / "lock").exists() and not (root / "restoring").exists()
    assert stat.S_IMODE((tmp_path / "backups").stat().st_mode) == 0o700
    for text in (result.stdout, result.stderr, restored.stdout, restored.stderr):
        assert not KEY.search(text) and all(secret not in text for _, secret, _ in server.signing_keys)


def test_a_backup_without_a_server(stored, tmp_path):
    server, client, files = stored
    server.stop()
    _, path = backup(server, tmp_path / "backups")
    restore(path, tmp_path / "restored")
    with Server(f"--storage-url={STORAGE_URL}", data_dir=tmp_path / "restored") as restored:
        client = Client(restored, client.key)
        for file_id, data in files.items():
            assert client.get(f"/v1/files/{file_id}/download").content == data


def test_damage_is_named_and_there_is_no_backup(stored, tmp_path):
    server, client, files = stored
    large = max(files, key=lambda file_id: len(files[file_id]))
    path = blob(server.data_dir, large)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    backups = tmp_path / "backups"
    result, _ = backup(server, backups, check=False)
    assert result.returncode == 1 and result.stdout == "" and large in result.stderr
    assert list(backups.iterdir()) == []
    result, _ = backup(server, backups, "--allow-damaged")
    assert large in result.stderr
    restore(backups, tmp_path / "restored")
    with Server(f"--storage-url={STORAGE_URL}", data_dir=tmp_path / "restored") as restored:
        client = Client(restored, client.key)
        assert client.get(f"/v1/files/{large}").json()["status"] == "pending"
        response = client.post(f"/v1/files/{large}/upload-url")
        assert response.status_code == 200, response.text
        url = response.json()["upload_url"].replace(STORAGE_URL, restored.storage)
        assert put(url, bytes(content)).status_code == 400
        assert put(url, files[large]).status_code == 200
        assert client.get(f"/v1/files/{large}/download").content == files[large]


def test_what_rots_in_a_backup_is_found(stored, tmp_path):
    server, client, files = stored
    large = max(files, key=lambda file_id: len(files[file_id]))
    backups = tmp_path / "backups"
    _, first = backup(server, backups)
    path = blob(first, large)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    result = restore(first, tmp_path / "restored", check=False)
    assert result.returncode == 1 and large in result.stderr
    assert not (tmp_path / "restored").exists() and not list(tmp_path.glob("restored*"))
    result, second = backup(server, backups, "--verify-all")
    assert large in result.stderr
    assert blob(second, large).read_bytes() == files[large]


def test_a_killed_backup_is_cleared_away_by_the_next(stored, tmp_path):
    server, client, files = stored
    for _ in range(200):
        upload(server, client, os.urandom(70_000))
    backups = tmp_path / "backups"
    killed = 0
    for _ in range(5):
        for left in backups.glob("incomplete-*"):
            shutil.rmtree(left)
        process = subprocess.Popen(
            [BINARY, "backup", str(backups), "--data-dir", str(server.data_dir)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while process.poll() is None and not list(backups.glob("incomplete-*/blobs/??/*")):
            assert time.monotonic() < deadline, "the backup does not begin"
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        # Whatever has its name is complete.
        for path in backups.iterdir():
            assert path.name.startswith("incomplete-") or integrity(path) == "ok"
    assert killed
    _, path = backup(server, backups)
    assert not list(backups.glob("incomplete-*"))
    restore(path, tmp_path / "restored")
    with Server(f"--storage-url={STORAGE_URL}", data_dir=tmp_path / "restored") as restored:
        client = Client(restored, client.key)
        assert len(listed(client)) == 200 + len(files)
        for file_id, data in files.items():
            assert client.get(f"/v1/files/{file_id}/download").content == data


def test_a_restoration_overwrites_nothing(stored, tmp_path):
    server, client, files = stored
    _, path = backup(server, tmp_path / "backups")
    assert restore(path, server.data_dir, check=False).returncode == 1
    assert client.get("/v1/files").status_code == 200
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").write_text("mine")
    result = restore(path, target, check=False)
    assert result.returncode == 1 and "not empty" in result.stderr
    assert [entry.name for entry in target.iterdir()] == ["file"]


def test_no_server_starts_on_half_a_restoration(stored, tmp_path):
    server, client, files = stored
    _, path = backup(server, tmp_path / "backups")
    target = tmp_path / "target"
    (target / "blobs").mkdir(parents=True)
    (target / "restoring").touch()
    lines = [["serve", "--api-address=127.0.0.1:0"], ["keys", "create", "--gateway"], ["backup", str(tmp_path / "b")]]
    for line in lines:
        result = command(*line, data_dir=target, check=False)
        assert result.returncode == 1 and "restor" in result.stderr, line
    assert not (target / "catalog.sqlite").exists()
    restore(path, target)
    with Server(f"--storage-url={STORAGE_URL}", data_dir=target) as restored:
        client = Client(restored, client.key)
        for file_id, data in files.items():
            assert client.get(f"/v1/files/{file_id}/download").content == data


def test_a_backup_is_looked_at_and_not_changed(stored, tmp_path):
    server, _, _ = stored
    _, path = backup(server, tmp_path / "backups")
    names = sorted(entry.name for entry in path.iterdir())
    for line in (["serve", "--api-address=127.0.0.1:0", "--storage-address=127.0.0.1:0"], ["check", "--repair"]):
        result = command(*line, data_dir=path, check=False)
        assert result.returncode == 1
        assert f"{path} is a backup; create a data directory from it with cloakroom restore" in result.stderr
    assert command("check", "--data", data_dir=path).stdout == ""
    # SQLite has files of its own beside a database that it reads.
    allowed = {*names, "catalog.sqlite-shm", "catalog.sqlite-wal"}
    assert set(names) <= {entry.name for entry in path.iterdir()} <= allowed


def test_mistakes_are_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for data_dir in (tmp_path / "none", tmp_path / "empty"):
        result = command("backup", str(tmp_path / "backups"), data_dir=data_dir, check=False)
        assert result.returncode == 1 and str(data_dir) in result.stderr
        assert not (tmp_path / "backups").exists()
    assert list((tmp_path / "empty").iterdir()) == []
    for source in (tmp_path / "none", tmp_path / "empty", tmp_path / "empty" / "incomplete-20260101T000000Z"):
        result = restore(source, tmp_path / "target", check=False)
        assert result.returncode == 1 and str(source) in result.stderr
    assert not list(tmp_path.glob("target*"))
    assert command("backup", check=False).returncode == 64
    assert command("restore", check=False).returncode == 64


def test_keys_are_those_of_the_backup(stored, tmp_path):
    server, client, files = stored
    _, path = backup(server, tmp_path / "backups")
    key_id = next(
        line.split("\t")[0]
        for line in command("keys", "list", data_dir=server.data_dir).stdout.splitlines()
        if client.key.startswith(line.split("\t")[6])
    )
    command("keys", "revoke", key_id, data_dir=server.data_dir)
    assert client.get("/v1/files").status_code == 401
    restore(path, tmp_path / "restored")
    with Server(f"--storage-url={STORAGE_URL}", data_dir=tmp_path / "restored") as restored:
        client = Client(restored, client.key)
        assert client.get("/v1/files").status_code == 200
        command("keys", "revoke", key_id, data_dir=tmp_path / "restored")
        assert client.get("/v1/files").status_code == 401
