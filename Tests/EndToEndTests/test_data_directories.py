"""What commands do with a directory that is no store: nothing is created in it or changed, and the message names it."""

import os

import pytest
from cloakroom import Server, command

FREE = ["--api-address=127.0.0.1:0", "--storage-address=127.0.0.1:0", "--operations-address=127.0.0.1:0"]
# Commands of a store that is there already; {elsewhere} is a path that they may write to.
ON_A_STORE = [
    ["keys", "create", "--organization", "acme"],
    ["keys", "create", "--gateway"],
    ["keys", "list"],
    ["keys", "revoke", "key_0123456789abcdef"],
    ["keys", "rotate", "key_0123456789abcdef"],
    ["organizations", "list"],
    ["organizations", "set", "acme", "--max-files", "1"],
    ["signing-keys", "list"],
    ["signing-keys", "rotate"],
    ["signing-keys", "retire", "CLK0123456789ABCDEF0"],
    ["check"],
    ["check", "--repair"],
    ["backup", "{elsewhere}"],
]


def tree(path):
    """Every entry below a path, with its mode and the bytes of files."""
    entries = {}
    for entry in [path, *sorted(path.rglob("*"))]:
        status = entry.lstat()
        content = os.readlink(entry) if entry.is_symlink() else entry.read_bytes() if entry.is_file() else None
        entries[str(entry)] = (oct(status.st_mode), content)
    return entries


def serve(path, *options):
    return command("serve", *FREE, *options, data_dir=path, check=False)


@pytest.fixture
def photos(tmp_path):
    """A directory of somebody else's files, which others may read."""
    path = tmp_path / "photos"
    (path / "2026").mkdir(parents=True)
    (path / "2026" / "beach.jpg").write_bytes(b"jpeg")
    (path / "index.html").write_text("<h1>Photos</h1>")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("extra", [[], ["lock"], [".hidden"], ["blobs"], ["signing-keys"], ["lost+found"]])
def test_a_server_does_not_take_a_directory_of_something_else(photos, extra):
    for name in extra:
        (photos / name).mkdir()
    before = tree(photos)
    result = serve(photos)
    assert result.returncode == 1 and result.stdout == ""
    assert str(photos) in result.stderr and "is not empty" in result.stderr and "index.html" in result.stderr
    assert tree(photos) == before


def test_one_hidden_file_is_content(tmp_path):
    (tmp_path / ".bash_history").write_text("ls")
    before = tree(tmp_path)
    result = serve(tmp_path)
    assert result.returncode == 1 and ".bash_history" in result.stderr
    assert tree(tmp_path) == before


def test_a_name_in_the_message_is_escaped(tmp_path):
    (tmp_path / "a\x1b[31m\u202egnp").touch()
    result = serve(tmp_path)
    assert result.returncode == 1 and r"a\u{1B}[31m\u{202E}gnp" in result.stderr
    assert "\x1b" not in result.stderr and "\u202e" not in result.stderr


def test_a_new_file_system_is_empty(tmp_path):
    (tmp_path / "lost+found").mkdir()
    with Server(data_dir=tmp_path) as server:
        assert server.client().upload(b"x" * 10)
        assert (tmp_path.stat().st_mode & 0o777) == 0o700


def test_a_store_may_have_other_files_beside_it(tmp_path):
    with Server(data_dir=tmp_path) as server:
        file_id = server.client().upload(b"x" * 10)
        server.stop()
        (tmp_path / "README").write_text("ours")
        server.start()
        assert server.client().get(f"/v1/files/{file_id}/download").content == b"x" * 10


@pytest.mark.parametrize("line", ON_A_STORE, ids=" ".join)
def test_a_mistyped_directory_never_becomes_a_store(tmp_path, photos, line):
    (tmp_path / "empty").mkdir()
    line = [part.format(elsewhere=tmp_path / "elsewhere") for part in line]
    before = tree(tmp_path)
    for path in (tmp_path / "missing", tmp_path / "empty", photos, tmp_path / "missing" / "below"):
        result = command(*line, data_dir=path, check=False)
        assert result.returncode == 1, result
        assert f"data directory {path} " in result.stderr and "--data-dir" in result.stderr
        assert result.stdout == ""
        assert tree(tmp_path) == before


@pytest.mark.parametrize("line", [*ON_A_STORE, ["serve", *FREE]], ids=" ".join)
def test_a_path_that_leads_nowhere_ends_with_a_message(tmp_path, line):
    (tmp_path / "dangling").symlink_to(tmp_path / "missing" / "directory")
    (tmp_path / "relative").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("x")
    line = [part.format(elsewhere=tmp_path / "elsewhere") for part in line]
    before = tree(tmp_path)
    names = ["dangling", "relative", "loop", "file", "x" * 300]
    for name in [*names, *(f"{name}/data" for name in names), *(f"{name}/a/b/" for name in names)]:
        result = command(*line, data_dir=f"{tmp_path}/{name}", check=False)
        assert result.returncode == 1, (name, result)
        assert f"{tmp_path}/{name}" in result.stderr
    for path in ("/proc/cloakroom", "/proc/cloakroom/data"):
        assert command(*line, data_dir=path, check=False).returncode == 1
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["dangling", "dangling/backups", "loop", "file", "file/backups", "x" * 300, "/proc/x"])
def test_a_backup_or_a_store_that_leads_nowhere_ends_with_a_message(tmp_path, name):
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("x")
    with Server(data_dir=tmp_path / "data") as server:
        command("backup", str(tmp_path / "backups"), data_dir=server.data_dir)
        server.stop()
        before = tree(tmp_path)
        path = tmp_path / name
        result = command("backup", str(path), data_dir=server.data_dir, check=False)
        assert result.returncode == 1 and str(path) in result.stderr, result
        result = command("restore", str(tmp_path / "backups"), data_dir=path, check=False)
        assert result.returncode == 1 and name.split("/")[0] in result.stderr, result
        after = tree(tmp_path)
        # SQLite has files of its own beside a database that it reads.
        assert all(entry == before.get(path) for path, entry in after.items() if not path.startswith(str(server.data_dir)))
