"""`cloakroom check`, the scrub, and what damage becomes; judged by sqlite3 and sha256sum."""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import pytest
import requests
from cloakroom import Server, command, error_code, http, put
from test_client_commands import wait_until
from test_operations import value

# Packed, and in a file of its own.
SMALL, LARGE = 5_000, 100_000
# A slot begins with its header.
HEADER = 128
WITHOUT_SCRUB = "--scrub-period-days=0"


def sqlite(data_dir, query):
    """What the sqlite3 program says: a list of columns for each row."""
    line = ["sqlite3", data_dir / "catalog.sqlite", query]
    output = subprocess.run(line, capture_output=True, text=True, check=True, timeout=30).stdout
    return [row.split("|") for row in output.splitlines()]


def sha256sum(path):
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


def digest(data):
    return subprocess.run(["sha256sum"], input=data, capture_output=True, check=True).stdout.split()[0].decode()


def key(file_id):
    return f"x'{file_id.removeprefix('file_').replace('-', '')}'"


def uuid(file_id):
    return file_id.removeprefix("file_")


@dataclasses.dataclass
class Place:
    """Where a file's bytes lie on the disk."""

    path: pathlib.Path
    offset: int

    def flip(self, index=0):
        """Changes one bit."""
        with open(self.path, "r+b") as file:
            file.seek(self.offset + index)
            byte = file.read(1)[0]
            file.seek(self.offset + index)
            file.write(bytes([byte ^ 1]))


def place(data_dir, file_id):
    [[pack, offset]] = sqlite(data_dir, f"SELECT pack, pack_offset FROM files WHERE id = {key(file_id)}")
    if pack:
        return Place(data_dir / "blobs/packs" / f"{int(pack):016x}", int(offset) + HEADER)
    return Place(data_dir / "blobs" / file_id[-2:] / uuid(file_id), 0)


def quarantined(data_dir):
    return {path.name: sha256sum(path) for path in (data_dir / "blobs/quarantine").iterdir()}


def flipped(data, index=0):
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def fresh_upload_url(client, file_id):
    answer = client.post(f"/v1/files/{file_id}/upload-url")
    assert answer.status_code == 200, answer.text
    return answer.json()["upload_url"]


def status(client, file_id):
    return client.get(f"/v1/files/{file_id}").json()["status"]


# The scrub


def test_damage_under_a_running_server_is_found_and_never_served_again():
    # The first round has a mebibyte to read before it comes to the files that are damaged meanwhile.
    with Server("--scrub-period-days=1", "--scrub-bytes-per-second=65536") as server:
        client, gateway = server.client(), server.client(gateway=True)
        filler = client.upload(os.urandom(1_048_576))
        data = {size: os.urandom(size) for size in (SMALL, LARGE)}
        tickets = {size: client.mint(size) for size in data}
        ids = {size: tickets[size]["file_id"] for size in data}
        for size, ticket in tickets.items():
            assert put(ticket["upload_url"], data[size]).status_code == 200
        urls = {size: client.url(ids[size]) for size in data}
        for size in data:
            place(server.data_dir, ids[size]).flip(1_000)
            # So it was damaged before anything looked at it; and it is open now.
            assert http("GET", urls[size]).content == flipped(data[size], 1_000)
        body = {"organization_id": "default", "file_ids": list(ids.values())}
        assert gateway.post("/v1/files/resolve", json=body).status_code == 200

        for size in data:
            wait_until(lambda: http("GET", urls[size]).status_code == 404, 120)
            assert error_code(http("GET", urls[size])) == "NoSuchKey"
            assert status(client, ids[size]) == "pending"
            assert client.get(f"/v1/files/{ids[size]}/download").status_code == 404
        refused = gateway.post("/v1/files/resolve", json=body).json()["error"]
        assert refused["code"] == "FILE_NOT_FOUND" and set(refused["details"]["file_ids"]) == set(ids.values())
        wait_until(lambda: len(quarantined(server.data_dir)) == 2)
        expected = {uuid(ids[size]): digest(flipped(data[size], 1_000)) for size in data}
        assert quarantined(server.data_dir) == expected
        rows = sqlite(server.data_dir, "SELECT lower(hex(declared_sha256)) FROM files WHERE sha256 IS NULL ORDER BY id")
        assert rows == [[digest(data[size])] for size in (SMALL, LARGE)]

        # The URL from before still takes the same bytes; so does a fresh one, and neither takes others.
        for size, url in ((SMALL, tickets[SMALL]["upload_url"]), (LARGE, fresh_upload_url(client, ids[LARGE]))):
            answer = put(url, flipped(data[size], 1_000))
            assert (answer.status_code, error_code(answer)) == (400, "BadDigest")
            assert http("GET", urls[size]).status_code == 404
            assert put(url, data[size]).status_code == 200
            assert http("GET", urls[size]).content == data[size]
            assert status(client, ids[size]) == "ready"
        assert gateway.post("/v1/files/resolve", json=body).status_code == 200
        assert http("GET", client.url(filler)).status_code == 200

        wait_until(lambda: value(server.metrics(), "cloakroom_scrub_files_total", outcome="damaged") == 2)
        metrics = server.metrics()
        assert value(metrics, "cloakroom_scrub_files_total", outcome="failed") == 0
        assert value(metrics, "cloakroom_scrub_bytes_total") >= 1_048_576
        for file_id in ids.values():
            assert re.search(rf"error.*{file_id}", server.logged())
        assert check(server.data_dir, "--data") == []


def test_a_start_goes_on_with_the_round_and_finds_orphans():
    with Server(WITHOUT_SCRUB) as server:
        client = server.client()
        data = {size: os.urandom(size) for size in (SMALL, LARGE)}
        ids = {size: client.upload(data[size]) for size in data}
        assert "cloakroom_scrub" not in server.metrics()
        for size in data:
            place(server.data_dir, ids[size]).flip()
        orphan = "abababab-abab-4bab-abab-abababababab"
        for name in (orphan, "README", orphan.upper()):
            (server.data_dir / "blobs/ab" / name).write_bytes(b"lost")
        url = client.url(ids[LARGE])
        assert http("GET", url).content == flipped(data[LARGE])
        server.stop()
        server.options = ()
        server.start()
        for size in data:
            wait_until(lambda: status(client, ids[size]) == "pending", 30)
        wait_until(lambda: orphan in quarantined(server.data_dir), 30)
        assert (server.data_dir / "blobs/ab/README").exists()
        assert (server.data_dir / "blobs/ab" / orphan.upper()).exists()
        assert not (server.data_dir / "blobs/ab" / orphan).exists()
        name = "cloakroom_scrub_completed_timestamp_seconds"
        wait_until(lambda: abs(value(server.metrics(), name) - time.time()) < 60, 30)
        assert value(server.metrics(), "cloakroom_scrub_orphans_total") == 1
        # A file that comes after the round is left for the next one, also by a restart.
        late = client.upload(data[LARGE])
        place(server.data_dir, late).flip()
        server.stop()
        server.start()
        wait_until(lambda: value(server.metrics(), name) > 0)
        [[completed]] = sqlite(server.data_dir, "SELECT completed_at >= started_at AND shards = 256 FROM scrub")
        assert completed == "1" and status(client, late) == "ready"


@pytest.mark.parametrize(
    "option",
    ["--scrub-period-days=366", "--scrub-period-days=-1", "--scrub-period-days=1.5", "--scrub-bytes-per-second=0",
     "--scrub-bytes-per-second=10737418241", "--scrub-bytes-per-second=fast"],
)
def test_bad_values_are_refused(tmp_path, option):
    result = command("serve", option, data_dir=tmp_path, check=False)
    assert result.returncode == 64 and option.split("=")[0].removeprefix("--") in result.stderr


# The check


def run(data_dir, *options):
    return command("check", *options, data_dir=data_dir, check=False)


def check(data_dir, *options):
    """The findings; the exit status and the summary have to fit them."""
    result = run(data_dir, *options)
    lines = result.stdout.splitlines()
    count = sum(not line.startswith("noted ") for line in lines)
    assert re.search(rf"cloakroom: \d+ files, \d+ bytes, {count} findings\n", result.stderr), result
    assert result.returncode == (1 if count else 0), result
    return lines


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


class Copy:
    """A copy of it that a test may damage."""

    def __init__(self, original, path):
        source, self.ids, self.data = original
        self.data_dir = path / "data"
        shutil.copytree(source, self.data_dir)
        self.small, self.large = (place(self.data_dir, self.ids[size]) for size in (SMALL, LARGE))

    def sqlite(self, query):
        return sqlite(self.data_dir, query)

    def text(self, line):
        names = {"SMALL": self.ids[SMALL], "LARGE": self.ids[LARGE], "PACK": f"blobs/packs/{self.small.path.name}"}
        for name, text in names.items():
            line = line.replace(name, text)
        return line

    def truncate(self, spot, length):
        os.truncate(spot.path, spot.offset + length)


@pytest.fixture
def store(original, tmp_path):
    return Copy(original, tmp_path)


def orphan(store):
    shutil.copy(store.large.path, store.data_dir / "blobs/ab/abababab-abab-4bab-abab-abababababab")


def unreferenced(store):
    store.sqlite(f"DELETE FROM files WHERE id = {key(store.ids[SMALL])}")


def usage(store):
    store.sqlite("UPDATE organizations SET used_files = 9, used_bytes = 10 WHERE id = 'acme'")


WAITS = ": moved to quarantine, can be sent again"
# What is done, what is found, what is done about it, and whether every byte has to be read for that.
HARMS = {
    "missing": (lambda store: store.large.path.unlink(), "damaged LARGE missing", ": can be sent again", False),
    "missing pack": (lambda store: store.small.path.unlink(), "damaged SMALL missing", ": can be sent again", False),
    "cut": (lambda store: store.truncate(store.large, 99_999), "damaged LARGE length 99999 instead of 100000", WAITS,
            False),
    "cut pack": (lambda store: store.truncate(store.small, 17), "damaged SMALL length 17 instead of 5000", WAITS,
                 False),
    "flipped": (lambda store: store.large.flip(99_999), "damaged LARGE sha256 differs", WAITS, True),
    "flipped in a pack": (lambda store: store.small.flip(4_999), "damaged SMALL sha256 differs", WAITS, True),
    "orphan": (orphan, "orphan file_abababab-abab-4bab-abab-abababababab"
               " blobs/ab/abababab-abab-4bab-abab-abababababab is no file's", ": moved to quarantine", False),
    "unreferenced": (unreferenced, "unreferenced PACK 8192 bytes at 4096, of SMALL, are no file's",
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


def test_what_harms_nobody_is_noted_and_stays(store):
    (store.data_dir / "blobs/lost+found").mkdir()
    (store.data_dir / "blobs/3f/notes.txt").write_bytes(b"x")
    store.small.flip(-HEADER + 100)
    lines = [
        f"noted {store.ids[SMALL]} the header of its slot is damaged, its bytes are whole",
        "noted blobs/3f/notes.txt does not belong here, and is left alone",
        "noted blobs/lost+found does not belong here, and is left alone",
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
            with contextlib.suppress(requests.RequestException):
                while not over.is_set():
                    size = LARGE if len(done) % 4 == 0 else 1 + (len(done) * 997) % 60_000
                    if index % 2:
                        kept.append(client.upload(os.urandom(size)))
                    else:
                        headers = {"Content-Type": "image/png"}
                        answer = client.post("/v1/files?filename=a.png", data=os.urandom(size), headers=headers)
                        kept.append(answer.json()["file_id"])
                    done.append(size)
                    if len(kept) > 10:
                        assert client.delete(f"/v1/files/{kept.pop(0)}").status_code == 204

        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: len(done) > 20)
            for turn in range(20):
                before = len(done)
                assert check(server.data_dir, *(["--data"] if turn % 2 else [])) == []
                wait_until(lambda: len(done) > before)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert len(done) > 100
        # It can see what is wrong.
        damaged = client.upload(os.urandom(LARGE))
        place(server.data_dir, damaged).path.unlink()
        assert check(server.data_dir) == [f"damaged {damaged} missing"]
