"""Backups and data directories that would be in one another: refused, and nothing is written."""

import os
import pathlib
import subprocess

import pytest
from cloakroom import Server, command
from test_data_directories import tree


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store, and a backup of it, with no server."""
    root = tmp_path_factory.mktemp("nested")
    with Server(data_dir=root / "deep" / "data") as server:
        server.client().upload(b"x" * 100_000)
        server.client().upload(b"x")
        server.stop()
    command("backup", str(root / "backups"), data_dir=root / "deep" / "data")
    (root / "link").symlink_to(root / "deep" / "data" / "blobs")
    (root / "data-link").symlink_to("deep/data")
    (root / "backups-link").symlink_to("backups")
    return root


def untouched(store):
    # SQLite changes its own files beside a database that is read.
    return {path: entry for path, entry in tree(store).items() if "catalog.sqlite-" not in path}


def refused(store, *line, data_dir):
    before = untouched(store)
    result = command_in(store, *line, data_dir=data_dir)
    assert result.returncode == 1 and result.stdout == "", result
    assert untouched(store) == before
    return result.stderr


def command_in(directory, *line, data_dir):
    here = os.getcwd()
    os.chdir(directory)
    try:
        return command(*line, data_dir=data_dir, check=False)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    "target",
    [
        "deep/data", "deep/data/", "./deep/../deep/data/backups", "deep/data/blobs", "deep/data/a/b/c", "link/backups",
        "data-link", "data-link/new", "deep", ".", "backups/../deep/data/x", "deep/data/blobs/packs/..",
    ],
)  # fmt: skip
def test_a_backup_is_not_made_into_its_store_or_around_it(store, target):
    for path in (target, f"{store}/{target}"):
        errors = refused(store, "backup", path, data_dir="deep/data")
        assert path in errors and "deep/data" in errors
    errors = refused(store, "backup", target, data_dir=store / "data-link")
    assert target in errors


def test_a_backup_is_not_made_into_another_store_or_backup(store, tmp_path):
    with Server(data_dir=tmp_path / "data") as server:
        for path in (tmp_path / "data", tmp_path / "data" / "blobs" / "new"):
            result = command("backup", str(path), data_dir=store / "deep" / "data", check=False)
            assert result.returncode == 1 and str(path) in result.stderr and "in one" in result.stderr
            assert not path.exists() or not list(path.glob("2*"))
        [backup] = (store / "backups").glob("2*")
        for path in (backup, backup / "below"):
            errors = refused(store, "backup", str(path), data_dir=server.data_dir)
            assert str(path) in errors


def test_a_backup_is_not_made_through_a_path_that_becomes_one_of_the_store(store):
    errors = refused(store, "backup", "missing/../deep/data/x", data_dir="deep/data")
    assert "missing/../deep/data/x" in errors


@pytest.mark.parametrize(
    "target", ["backups", "backups/data", "backups-link/data", "backups/{backup}", "backups/{backup}/new"]
)
def test_a_store_is_not_restored_into_backups(store, target):
    [backup] = [path.name for path in (store / "backups").glob("2*")]
    target = target.format(backup=backup)
    for source in ("backups", f"backups-link/{backup}"):
        if source != "backups" and target in ("backups/data", "backups-link/data"):
            continue
        errors = refused(store, "restore", source, data_dir=target)
        assert target in errors


def test_a_store_is_not_restored_into_a_store(store):
    errors = refused(store, "restore", "backups", data_dir="link/new")
    assert "link/new" in errors


def test_an_interrupted_restoration_that_holds_backups_is_not_cleared(store, tmp_path):
    """Nor is any other directory in which somebody has a file called `restoring`."""
    target = tmp_path / "target"
    target.mkdir()
    (target / "restoring").touch()
    subprocess.run(["cp", "-a", store / "backups", target / "backups"], check=True)
    before = tree(target)
    for source in (target / "backups", store / "backups"):
        result = command("restore", str(source), data_dir=target, check=False)
        assert result.returncode == 1 and str(target) in result.stderr
        assert tree(target) == before


def test_backups_beside_the_data_are_made_and_restored(store, tmp_path):
    data = tmp_path / "data"
    command("restore", str(store / "backups"), data_dir=data)
    for path in (tmp_path / "backups", tmp_path / "new" / ".." / "more"):
        if ".." in path.parts:
            (tmp_path / "new").mkdir()
        made = command("backup", str(path), data_dir=data).stdout.strip()
        assert pathlib.Path(made).is_dir()
    (tmp_path / "database-like").mkdir()
    assert command("backup", str(tmp_path / "database-like"), data_dir=data).returncode == 0
