"""Checksums of the database's pages: what other programs write, large databases, and starts that meet damage."""

import shutil
import subprocess

import pytest
import requests
from cloakroom import Client, Server, command
from damage import WITHOUT_SCRUB, sqlite
from earlier_stores import ARCHIVES
from held_connections import eventually

PAGE = 4_096
# More than SQLite keeps in memory: it writes pages before the transaction ends.
MANY = 30_000
INSERT = f"""
    WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {MANY})
    INSERT INTO files (id, organization_id, filename, content_type, size_bytes, created_at, upload_expires_at)
    SELECT randomblob(16), 'default', 'photo-' || n || '.png', 'image/png', 5, 1, 4000000000 FROM counter"""


def start(data):
    return Server(WITHOUT_SCRUB, data_dir=data)


def readyz(server):
    return requests.get(server.operations + "/readyz", timeout=10)


def page_of(data, table):
    """The number of the first page of a table or index, from 1 on."""
    return int(sqlite(data, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")[0][0])


def flip(data, page):
    """Changes a bit in the middle of a page."""
    with open(data / "catalog.sqlite", "r+b") as file:
        file.seek((page - 1) * PAGE + PAGE // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


@pytest.fixture
def store(tmp_path):
    """A store that was stopped, with a file."""
    data = tmp_path / "data"
    with start(data) as server:
        client = server.client()
        file_id = client.upload(b"hello")
    return data, client.key, file_id


def hello(server, key, file_id):
    return requests.get(Client(server, key).url(file_id), timeout=10).content


def fill(data):
    sqlite(data, INSERT)
    with start(data):
        pass
    assert (data / "catalog.sqlite").stat().st_size > 1_000 * PAGE


def test_a_large_database_is_backed_up_and_restored(store, tmp_path):
    data, key, file_id = store
    fill(data)
    assert command("check", data_dir=data).stdout == ""
    command("backup", str(tmp_path / "backup"), data_dir=data)
    command("restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    assert command("check", data_dir=tmp_path / "restored").stdout == ""
    with start(tmp_path / "restored") as server:
        assert hello(server, key, file_id) == b"hello"


def test_a_large_database_of_an_earlier_version(tmp_path):
    subprocess.run(["tar", "-xzf", ARCHIVES / "schema4-stopped.tar.gz"], cwd=tmp_path, check=True)
    data = tmp_path / "data"
    line = ["sqlite3", data / "catalog.sqlite", INSERT.replace("'default'", "'acme'")]
    subprocess.run(line, check=True)
    # A backup of what no start has changed.
    before = tmp_path / "before"
    shutil.copytree(data, before)
    with start(data) as server:
        assert "Writing catalog.sqlite anew" in server.logged()
    assert command("check", data_dir=data).stdout == ""
    with start(data) as server:
        assert "Writing catalog.sqlite anew" not in server.logged()
    command("backup", str(tmp_path / "backup"), data_dir=before)
    command("restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    assert command("check", data_dir=tmp_path / "restored").stdout == ""


def test_a_damaged_database_of_an_earlier_version_is_not_given_checksums(tmp_path):
    subprocess.run(["tar", "-xzf", ARCHIVES / "schema4-stopped.tar.gz"], cwd=tmp_path, check=True)
    data = tmp_path / "data"
    with open(data / "catalog.sqlite", "r+b") as file:
        file.seek((page_of(data, "idempotency_keys") - 1) * PAGE)
        file.write(b"\x63")
    with start(data) as server:
        answer = readyz(server)
        assert answer.status_code == 503 and "catalog.sqlite is damaged" in answer.text
        assert "Refusing writes" in server.logged()
    assert (data / "catalog.sqlite").read_bytes()[20] == 0


def test_a_start_that_meets_damage_goes_on_without_writes(store):
    data, key, file_id = store
    flip(data, page_of(data, "deleted_files"))
    with start(data) as server:
        answer = readyz(server)
        assert answer.status_code == 503 and "its checksum is wrong" in answer.text
        assert "Refusing writes" in server.logged()
        client = Client(server, key)
        assert hello(server, key, file_id) == b"hello"
        assert client.post("/v1/files?filename=a.png", data=b"no", headers={"Content-Type": "image/png"}).status_code == 503
        assert client.delete(f"/v1/files/{file_id}").status_code == 503
    check = command("check", data_dir=data, check=False)
    assert check.returncode == 1 and check.stdout.startswith("corrupt catalog.sqlite ")


def test_without_its_revocations_no_server_starts(store):
    data, key, file_id = store
    with start(data) as server:
        client = Client(server, key)
        url = client.url(file_id)
        assert client.post(f"/v1/files/{file_id}/revoke-urls").status_code == 204
    flip(data, page_of(data, "files_with_revoked_urls"))
    result = command("serve", data_dir=data, check=False)
    assert result.returncode == 1 and "its checksum is wrong" in result.stderr
    flip(data, page_of(data, "files_with_revoked_urls"))
    with start(data) as server:
        assert requests.get(server.storage + url[url.index("/files/") :], timeout=10).status_code == 403


def test_another_program_may_read_a_store_that_was_killed(store):
    data, key, file_id = store
    server = start(data)
    Client(server, key).upload(b"more")
    server.stop(9)
    line = ["sqlite3", "-readonly", data / "catalog.sqlite", "SELECT count(*) FROM files"]
    assert subprocess.run(line, check=True, capture_output=True, text=True).stdout == "2\n"
    with start(data) as server:
        assert readyz(server).status_code == 200 and hello(server, key, file_id) == b"hello"


def test_what_another_program_has_written_is_accepted_if_that_is_asked_for(store):
    data, key, file_id = store
    server = start(data)
    more = Client(server, key).upload(b"more")
    server.stop(9)
    # It copies the log into the database when it ends.
    subprocess.run(["sqlite3", data / "catalog.sqlite", "SELECT count(*) FROM files"], check=True, capture_output=True)
    found = command("check", data_dir=data, check=False).stdout
    # Nobody knows whether it had all of the log.
    assert "its checksum is wrong" in found and "history catalog.sqlite has lost committed changes" in found
    accepted = command("check", "--accept-database", data_dir=data)
    assert accepted.stdout == "" and "written anew" in accepted.stderr
    found = command("check", "--data", data_dir=data, check=False).stdout
    assert found.startswith("history catalog.sqlite ") and found.count("\n") == 1
    assert ": acknowledged" in command("check", "--repair", data_dir=data, check=False).stdout
    assert command("check", "--data", data_dir=data).stdout == ""
    with start(data) as server:
        assert readyz(server).status_code == 200
        assert (hello(server, key, file_id), hello(server, key, more)) == (b"hello", b"more")


def test_what_is_accepted_may_have_lost_history(store):
    data, key, _ = store
    server = start(data)
    client = Client(server, key)
    sent = {client.upload(body): body for body in (b"s" * 5_000, b"l" * 100_000)}
    server.stop(9)
    log = data / "catalog.sqlite-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 4] ^= 1
    log.write_bytes(content)
    # It drops what it cannot read, copies the rest, and removes the log.
    subprocess.run(["sqlite3", data / "catalog.sqlite", "SELECT count(*) FROM files"], check=True, capture_output=True)
    found = command("check", data_dir=data, check=False).stdout
    assert "corrupt catalog.sqlite " in found and "history catalog.sqlite has lost committed changes: " in found
    accepted = command("check", "--accept-database", data_dir=data)
    assert "it has lost committed changes: " in accepted.stderr
    found = command("check", data_dir=data, check=False)
    assert found.returncode == 1 and "history catalog.sqlite has lost committed changes: " in found.stdout
    with start(data) as server:
        answer = readyz(server)
        assert answer.status_code == 503 and "history was lost" in answer.text
        remains = "".join(path.read_bytes().hex() for path in (data / "blobs").rglob("*") if path.is_file())
        assert all(body.hex() in remains for body in sent.values())
        # Those whose rows are there are ready, and the others are told of, beside requests.
        client = Client(server, key)
        lost = [id for id in sent if client.get(f"/v1/files/{id}").json().get("status") != "ready"]
        eventually(lambda: all(file_id in server.logged() for file_id in lost))


def test_what_sqlite_finds_wrong_is_not_accepted(store):
    data, key, file_id = store
    with open(data / "catalog.sqlite", "r+b") as file:
        file.seek((page_of(data, "idempotency_keys") - 1) * PAGE)
        file.write(b"\x63")
    before = (data / "catalog.sqlite").read_bytes()
    result = command("check", "--accept-database", data_dir=data, check=False)
    assert result.returncode == 1 and result.stdout.startswith("corrupt catalog.sqlite ")
    assert (data / "catalog.sqlite").read_bytes() == before


@pytest.mark.parametrize("option", ["--data", "--repair", "--purge-quarantine"])
def test_accepting_goes_with_nothing_else(store, option):
    options = [option, "--older-than", "1d"] if option == "--purge-quarantine" else [option]
    result = command("check", "--accept-database", *options, data_dir=store[0], check=False)
    assert result.returncode == 64 and "cannot be combined" in result.stderr


def test_beside_a_server_nothing_is_accepted(store):
    data, key, file_id = store
    with start(data):
        result = command("check", "--accept-database", data_dir=data, check=False)
        assert result.returncode == 1 and "in use by another server" in result.stderr
