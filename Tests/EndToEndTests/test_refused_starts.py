"""What a start refuses stays as it is: the right file can be put back, and nothing is missing then."""

import shutil
import signal

import pytest
import requests
from cloakroom import Client, Server, command
from damage import WITHOUT_SCRUB, place, run, sqlite
from held_connections import eventually
from test_lost_history import files, flip, refusal
from test_listening import taken_port


def start(data):
    return Server(WITHOUT_SCRUB, data_dir=data)


def sent(client, count=4):
    return {client.upload(bytes([65 + number]) * (4_000 + number)): number for number in range(count)}


def all_there(server, key, ids):
    client = Client(server, key)
    return all(
        requests.get(client.url(id), timeout=10).content == bytes([65 + number]) * (4_000 + number)
        for id, number in ids.items()
    )


@pytest.fixture
def store(tmp_path):
    """A store that was killed, with history in its log; an older copy of its catalogue, and another store's."""
    data = tmp_path / "data"
    with start(data) as server:
        key = server.client().key
        ids = sent(Client(server, key))
    shutil.copy(data / "catalog.sqlite", tmp_path / "older")
    server = start(data)
    ids |= sent(Client(server, key))
    server.stop(signal.SIGKILL)
    with start(tmp_path / "elsewhere") as other:
        sent(other.client())
    shutil.copy(tmp_path / "elsewhere/catalog.sqlite", tmp_path / "other")
    return data, key, ids


def cut(data):
    with open(data / "catalog.sqlite", "r+b") as file:
        file.truncate(file.seek(0, 2) // 8_192 * 4_096)


def zero_page(number):
    def damage(data):
        with open(data / "catalog.sqlite", "r+b") as file:
            file.seek(number * 4_096)
            file.write(bytes(4_096))

    return damage


DAMAGES = {
    "older": lambda data: shutil.copy(data.parent / "older", data / "catalog.sqlite"),
    "another store's": lambda data: shutil.copy(data.parent / "other", data / "catalog.sqlite"),
    "cut": cut,
    "no database": lambda data: (data / "catalog.sqlite").write_bytes(b"x" * 8_192),
    "first page of zeros": zero_page(0),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_refused_catalogue_leaves_its_log_and_everything_else(store, damage):
    data, key, ids = store
    right = (data / "catalog.sqlite").read_bytes()
    damage(data)
    before = files(data)
    assert "catalog.sqlite" in refusal(data)
    run(data)
    assert files(data) == before
    (data / "catalog.sqlite").write_bytes(right)
    with start(data) as server:
        assert requests.get(server.operations + "/readyz", timeout=10).status_code == 200
        assert all_there(server, key, ids)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.95])
def test_a_command_does_not_write_over_a_damaged_log(store, place):
    data, key, ids = store
    log = data / "catalog.sqlite-wal"
    flip(log, int(log.stat().st_size * place))
    before = files(data)
    for _ in range(3):
        result = command("keys", "create", "--organization", "other", data_dir=data, check=False)
        assert result.returncode == 1 and result.stdout == "" and "start the server first" in result.stderr
    assert files(data) == before
    with start(data) as server:
        assert requests.get(server.operations + "/readyz", timeout=10).status_code == 503
        command("keys", "create", "--organization", "other", data_dir=data)


def test_a_loss_is_noted_once_however_often_the_start_fails(store):
    data, key, ids = store
    flip(data / "catalog.sqlite-wal", 200)
    with taken_port() as listener:
        address = "127.0.0.1:{}".format(listener.getsockname()[1])
        for _ in range(3):
            result = command("serve", f"--api-address={address}", data_dir=data, check=False)
            assert result.returncode == 1 and address in result.stderr
    with start(data):
        pass
    assert sqlite(data, "SELECT count(*) FROM lost_history") == [["1"]]
    assert len(list((data / "blobs/quarantine").glob("catalog.sqlite-wal-*"))) == 1


@pytest.mark.parametrize("page", range(1, 12))
def test_a_start_that_fails_counts_no_generation(store, page):
    data, key, ids = store
    with start(data):
        pass
    right = (data / "catalog.sqlite").read_bytes()
    zero_page(page)(data)
    try:
        server = start(data)
    except AssertionError as ended:
        assert "ended with 1" in str(ended) and "catalog.sqlite" in str(ended)
    else:
        # Nothing at the start needs this page: it is found later.
        if any(right[page * 4_096 : (page + 1) * 4_096]):
            eventually(lambda: requests.get(server.operations + "/readyz", timeout=10).status_code == 503)
        server.stop(signal.SIGKILL)
        return
    for path in data.glob("catalog.sqlite*"):
        path.unlink()
    (data / "catalog.sqlite").write_bytes(right)
    with start(data) as server:
        assert all_there(server, key, ids)


def test_an_older_log_beside_a_store_that_was_stopped_is_refused(store):
    data, key, ids = store
    log = (data / "catalog.sqlite-wal").read_bytes()
    with start(data) as server:
        more = sent(Client(server, key), 2)
    (data / "catalog.sqlite-wal").write_bytes(log)
    message = refusal(data)
    assert "catalog.sqlite-wal elsewhere" in message and "nothing was changed" in message
    (data / "catalog.sqlite-wal").unlink()
    with start(data) as server:
        assert all_there(server, key, ids | more)


def test_a_pack_that_was_cut_leaves_its_files_for_a_person_to_judge(store):
    data, key, ids = store
    with start(data):
        pass
    last = max(ids, key=lambda id: place(data, id).offset)
    found = place(data, last)
    with open(found.path, "r+b") as file:
        file.truncate(found.offset - 4_096)
    with start(data) as server:
        client = Client(server, key)
        assert requests.get(client.url(last), timeout=10).status_code == 500
        assert client.get(f"/v1/files/{last}").json()["status"] == "ready"
        assert last in server.logged()
        result = run(data)
        assert result.returncode == 1 and f"damaged {last} missing" in result.stdout


@pytest.mark.parametrize("how", ["read", "deleted"])
def test_packs_in_each_others_place_lose_no_bytes(tmp_path, how):
    """Bodies of other lengths, so that a slot of one pack lies in the middle of a body of the other."""
    data, bodies, ids = tmp_path / "data", [], []
    for size in (700, 20_000):
        with start(data) as server:
            client = server.client()
            first = 10 * len(bodies) + 1
            bodies.append([bytes([first + number]) * (size + number) for number in range(4)])
            ids.append([client.upload(body) for body in bodies[-1]])
            key = client.key
    first, second = (place(data, group[0]).path for group in ids)
    assert first != second
    contents = [path.read_bytes() for path in (first, second)]
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    with start(data) as server:
        client = Client(server, key)
        for id in ids[0] + ids[1]:
            if how == "read":
                assert requests.get(client.url(id), timeout=10).status_code in (404, 500)
            else:
                assert client.delete(f"/v1/files/{id}").status_code == 204
    left = b"".join(path.read_bytes() for path in (data / "blobs").rglob("*") if path.is_file())
    assert all(body in left for body in bodies[1])
