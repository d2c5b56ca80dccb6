"""A start that suspects itself: a damaged log, an older catalogue or another store's, and one that is missing."""

import pathlib
import shutil
import signal
import subprocess

import pytest
import requests
from cloakroom import BINARY, Client, Server, command
from damage import WITHOUT_SCRUB, key, sqlite, uuid
from held_connections import eventually

SMALL, LARGE = b"s" * 5_000, b"l" * 100_000


def start(directory):
    return Server(WITHOUT_SCRUB, data_dir=directory / "data")


@pytest.fixture
def store(tmp_path):
    """A directory whose `data` is a data directory."""
    return tmp_path


def refusal(data_dir):
    """What `serve` says when it does not start."""
    line = [BINARY, "serve", "--data-dir", str(data_dir)]
    line += [f"--{name}-address=127.0.0.1:0" for name in ("api", "storage", "operations")]
    result = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1, result.stderr
    return result.stderr


def files(directory):
    """What there is, but for the index that SQLite makes anew for each log."""
    paths = [path for path in pathlib.Path(directory).rglob("*") if path.is_file() and path.suffix != ".sqlite-shm"]
    return {path: path.read_bytes() for path in paths if path.stat().st_size > 0}


def check(data_dir, *options, code):
    result = command("check", *options, data_dir=data_dir, check=False)
    assert result.returncode == code, (result.stdout, result.stderr)
    return result.stdout


def readiness(server):
    response = requests.get(server.operations + "/readyz", timeout=10)
    return response.status_code, response.text


def uploads(client):
    return {client.upload(body): body for body in (SMALL, LARGE, SMALL[::-1] + b"x")}


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def killed(store):
    """Files that were acknowledged before the server was killed; the log has all of them."""
    server = start(store)
    client = server.client()
    sent = uploads(client)
    server.stop(signal.SIGKILL)
    return sent, client.key


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.999])
def test_a_log_with_a_flipped_bit_is_noticed(store, place):
    sent, _ = killed(store)
    log = store / "data/catalog.sqlite-wal"
    flip(log, int(log.stat().st_size * place))
    assert "history catalog.sqlite has lost committed changes: " in check(store / "data", code=1)
    with start(store) as server:
        status, text = readiness(server)
        assert status == 503 and "history was lost" in text
        assert "History was lost" in server.logged()
        remains = "".join(path.read_bytes().hex() for path in (store / "data/blobs").rglob("*") if path.is_file())
        for body in sent.values():
            assert body.hex() in remains, "bytes were erased"
        # It goes on.
        client = server.client("other")
        file_id = client.upload(SMALL)
        assert requests.get(client.url(file_id), timeout=10).content == SMALL
        assert "history" in check(store / "data", code=1)
    # Nothing that was lost is forgotten at the next start, until whoever runs the server has read it.
    with start(store) as server:
        assert readiness(server)[0] == 503
    check(store / "data", "--repair", code=1)
    with start(store) as server:
        assert readiness(server)[0] == 200
    check(store / "data", "--data", code=0)


def test_bodies_without_rows_are_named_and_kept(store):
    sent, _ = killed(store)
    data = store / "data"
    # All of the run's history.
    (data / "catalog.sqlite-wal").unlink()
    with start(store) as server:
        status, text = readiness(server)
        assert status == 503
        log = server.logged()
        packed = [file_id for file_id, body in sent.items() if len(body) < 60_000]
        assert packed and all(file_id in log for file_id in packed)
        assert all((data / "blobs/quarantine" / uuid(file_id)).read_bytes() == sent[file_id] for file_id in packed)
        assert f"cloakroom_lost_bodies {len(packed)}" in server.metrics() or len(sent) > len(packed)
        # Those with a file of their own are looked for beside requests.
        for _ in range(200):
            if all(file_id in server.logged() for file_id in sent):
                break
            readiness(server)
        assert all(file_id in server.logged() for file_id in sent)
        # It asks the database once a second.
        eventually(lambda: f"files without a database row: {len(sent)};" in readiness(server)[1])
        assert f"cloakroom_lost_bodies {len(sent)}" in server.metrics()
        found = check(data, code=1)
        assert all(f"history {file_id} " in found for file_id in sent)
        assert all(f"quarantined blobs/quarantine/{uuid(file_id)} " in found for file_id in sent)


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_catalogue_that_is_missing_is_not_made_anew(store, how):
    with start(store) as server:
        uploads(server.client())
    data = store / "data"
    catalogue = (data / "catalog.sqlite").read_bytes()
    for path in data.glob("catalog.sqlite*"):
        path.unlink()
    if how == "empty":
        (data / "catalog.sqlite").touch()
    before = files(data)
    message = refusal(data)
    assert "catalog.sqlite is missing or empty" in message and "cloakroom restore" in message
    for arguments in (["keys", "list"], ["check"], ["organizations", "list"]):
        assert command(*arguments, data_dir=data, check=False).returncode != 0
    assert files(data) == before
    (data / "catalog.sqlite").write_bytes(catalogue)
    with start(store) as server:
        assert readiness(server)[0] == 200


def test_an_older_catalogue_is_refused(store):
    with start(store) as server:
        uploads(server.client())
    data = store / "data"
    shutil.copy(data / "catalog.sqlite", store / "older")
    with start(store) as server:
        client = server.client()
        sent = uploads(client)
    newer = (data / "catalog.sqlite").read_bytes()
    shutil.copy(store / "older", data / "catalog.sqlite")
    before = files(data)
    message = refusal(data)
    assert "is an older copy" in message and "cloakroom restore" in message and "nothing was changed" in message
    assert "history catalog.sqlite is an older copy" in check(data, code=1)
    assert files(data) == before
    (data / "catalog.sqlite").write_bytes(newer)
    with start(store) as server:
        urls = [server.client().url(file_id) for file_id in sent]
        assert [requests.get(url, timeout=10).content for url in urls] == list(sent.values())


def test_a_copy_of_the_same_run_is_refused_after_a_clean_stop(store):
    with start(store) as server:
        client = server.client()
        client.upload(SMALL)
        shutil.copy(store / "data/catalog.sqlite", store / "copy")
        client.upload(LARGE)
    shutil.copy(store / "copy", store / "data/catalog.sqlite")
    assert "is an older copy" in refusal(store / "data")


def test_the_catalogue_of_another_store_is_refused(store, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for directory in (store, other):
        with start(directory) as server:
            uploads(server.client())
    shutil.copy(other / "data/catalog.sqlite", store / "data/catalog.sqlite")
    assert "is the database of another store" in refusal(store / "data")
    # Whoever removes the identity says that it is the right one; then nothing is erased.
    bodies = [path for path in (store / "data/blobs").rglob("*") if path.is_file() and path.name not in ("history",)]
    (store / "data/blobs/identity").unlink()
    with start(store) as server:
        assert "blobs/identity is missing" in server.logged()
        assert all(path.exists() for path in bodies if path.name != "identity")


def test_a_restored_store_has_an_identity_of_its_own(store):
    with start(store) as server:
        sent = uploads(server.client())
        command("backup", str(store / "backups"), data_dir=store / "data")
    restored = store / "restored"
    command("restore", str(store / "backups"), data_dir=restored / "data")
    with start(restored) as server:
        assert readiness(server)[0] == 200 and "missing" not in server.logged()
        client = server.client()
        assert all(requests.get(client.url(id), timeout=10).content == body for id, body in sent.items())
    shutil.copy(store / "data/catalog.sqlite", restored / "data/catalog.sqlite")
    assert "is the database of another store" in refusal(restored / "data")


def test_a_damaged_identity_is_refused(store):
    with start(store) as server:
        uploads(server.client())
    flip(store / "data/blobs/identity", 20)
    assert "blobs/identity is damaged" in refusal(store / "data")
    assert "history blobs/identity is damaged" in check(store / "data", code=1)


def test_a_clean_stop_leaves_no_log(store):
    with start(store) as server:
        uploads(server.client())
    log = store / "data/catalog.sqlite-wal"
    assert not log.exists() or log.stat().st_size == 0
    assert sqlite(store / "data", "SELECT count(*) FROM files") == [["3"]]


def test_a_blob_whose_row_lost_its_seal_seals_it_again(store):
    server = start(store)
    client = server.client()
    file_id = client.upload(LARGE)
    server.stop(signal.SIGKILL)
    reset = "UPDATE files SET sha256 = NULL, uploaded_at = NULL"
    sqlite(store / "data", f"{reset} WHERE id = {key(file_id)}")
    with start(store) as server:
        for _ in range(200):
            response = Client(server, client.key).get(f"/v1/files/{file_id}")
            if response.json()["status"] == "ready":
                break
        assert requests.get(Client(server, client.key).url(file_id), timeout=10).content == LARGE


def test_what_has_been_in_quarantine_for_long_can_be_purged(store):
    sent, _ = killed(store)
    data = store / "data"
    (data / "catalog.sqlite-wal").unlink()
    with start(store):
        pass
    kept = {path.name for path in (data / "blobs/quarantine").iterdir()}
    assert kept
    result = command("check", "--purge-quarantine", "--older-than", "1h", data_dir=data)
    assert result.stdout == "" and {path.name for path in (data / "blobs/quarantine").iterdir()} == kept
    result = command("check", "--purge-quarantine", "--older-than", "0s", data_dir=data)
    assert {line.split()[1].rpartition("/")[2] for line in result.stdout.splitlines()} == kept
    assert list((data / "blobs/quarantine").iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        ["--purge-quarantine"],
        ["--older-than", "30d"],
        ["--purge-quarantine", "--older-than", "30"],
        ["--purge-quarantine", "--older-than", "-1d"],
        ["--purge-quarantine", "--older-than", "30d", "--repair"],
    ],
)
def test_a_purge_needs_to_know_what_it_removes(store, options):
    with start(store):
        pass
    result = command("check", *options, data_dir=store / "data", check=False)
    assert result.returncode == 64 and ("--older-than" in result.stderr or "--purge-quarantine" in result.stderr)
