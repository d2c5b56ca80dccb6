"""Data directories that the binaries of earlier commits left: nothing is lost, and no alarm is raised."""

import json
import subprocess

import pytest
import requests
from cloakroom import Client, EVIDENCE, Server, command
from damage import sqlite
from earlier_stores import ARCHIVES, body

STORES = sorted(ARCHIVES.glob("*.tar.gz"))


@pytest.fixture(params=STORES, ids=[path.name.removesuffix(".tar.gz") for path in STORES])
def store(request, tmp_path):
    subprocess.run(["tar", "-xzf", request.param], cwd=tmp_path, check=True)
    content = json.loads((tmp_path / "content.json").read_text())
    EVIDENCE.secret(content["key"])
    return tmp_path / "data", content


def look(server, content):
    client = Client(server, content["key"])
    for file_id, number in content["ready"].items():
        file = client.get(f"/v1/files/{file_id}").json()
        assert (file["status"], file["filename"], file["size_bytes"]) == (
            "ready", f"photo-{number}.png", len(body(number)))  # fmt: skip
        assert requests.get(client.url(file_id), timeout=10).content == body(number)
    for file_id in content["deleted"]:
        assert client.get(f"/v1/files/{file_id}").status_code == 404
    assert requests.get(server.operations + "/readyz", timeout=10).status_code == 200
    return client


def test_a_start_takes_over_all_that_is_there(store):
    data_dir, content = store
    assert len(content["ready"]) == 7
    with Server(data_dir=data_dir) as server:
        client = look(server, content)
        new = client.upload(b"new")
        assert " error " not in server.logged() and " critical " not in server.logged()
    # Every page has its checksum now.
    assert (data_dir / "catalog.sqlite").read_bytes()[20] == 8
    assert sqlite(data_dir, "PRAGMA integrity_check") == [["ok"]]
    with Server(data_dir=data_dir) as server:
        client = look(server, content)
        assert requests.get(client.url(new), timeout=10).content == b"new"
    assert command("check", "--data", data_dir=data_dir).stdout == ""


def test_a_backup_of_it_is_whole(store, tmp_path):
    data_dir, content = store
    with Server(data_dir=data_dir):
        pass
    command("backup", str(tmp_path / "backup"), data_dir=data_dir)
    command("restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    with Server(data_dir=tmp_path / "restored") as server:
        look(server, content)


def test_a_backup_before_the_first_start_is_whole(store, tmp_path):
    data_dir, content = store
    command("backup", str(tmp_path / "backup"), data_dir=data_dir)
    command("restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    with Server(data_dir=tmp_path / "restored") as server:
        look(server, content)
