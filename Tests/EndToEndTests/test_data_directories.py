"""What commands do with a directory that is no store: nothing is created in it or changed, and the message names it."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import filesystems
import pytest
from cloakroom import BINARY, KEY, Server, command

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
        others = {path: entry for path, entry in after.items() if not path.startswith(str(server.data_dir))}
        assert all(entry == before.get(path) for path, entry in others.items())


# MARK: Rights


def as_nobody(*line):
    """Runs a command as a user who owns nothing; a test needs the right to become one."""
    if os.geteuid() != 0:
        pytest.skip("SKIPPED LOUDLY: only root can become another user")
    return subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BINARY, *line], capture_output=True, text=True,
        timeout=30, cwd="/",
    )  # fmt: skip


@pytest.fixture
def reachable():
    """A directory that every user can reach."""
    with tempfile.TemporaryDirectory(prefix="cloakroom-", dir="/tmp") as path:
        os.chmod(path, 0o755)
        binary = shutil.which(BINARY)
        for parent in pathlib.Path(binary).parents:
            if not parent.stat().st_mode & 0o001:
                pytest.skip(f"SKIPPED LOUDLY: other users cannot reach {parent}")
        yield pathlib.Path(path)


def test_a_parent_that_may_not_be_read_or_written_ends_with_a_message(reachable):
    (reachable / "secret").mkdir(mode=0o700)
    (reachable / "secret" / "data").mkdir(mode=0o777)
    (reachable / "readable").mkdir(mode=0o755)
    (reachable / "link").symlink_to(reachable / "secret" / "missing")
    before = tree(reachable)
    for path in ("secret", "secret/data", "secret/new", "readable", "readable/new", "readable/a/b", "link", "link/new"):
        for line in (["serve", *FREE], *ON_A_STORE, ["restore", str(reachable / "readable")]):
            line = [part.format(elsewhere=reachable / "elsewhere") for part in line]
            result = as_nobody(*line, "--data-dir", str(reachable / path))
            assert result.returncode == 1 and str(reachable / "") in result.stderr, (path, line, result)
            assert tree(reachable) == before


def test_a_backup_where_nothing_may_be_written_ends_with_a_message(reachable):
    with Server(data_dir=reachable / "data") as server:
        server.stop()
    subprocess.run(["chown", "-R", "65534", reachable / "data"], check=True)
    (reachable / "secret").mkdir(mode=0o700)
    before = tree(reachable)
    for path in ("secret/backups", "new", "secret"):
        result = as_nobody("backup", str(reachable / path), "--data-dir", str(reachable / "data"))
        assert result.returncode == 1 and str(reachable / path) in result.stderr, result
    after = tree(reachable)
    assert {path for path in after if "/data" not in path} == {path for path in before if "/data" not in path}


def test_a_file_system_that_cannot_be_written_ends_with_a_message(tmp_path):
    with filesystems.tmpfs(tmp_path, "4m") as path:
        (path / "empty").mkdir()
        (path / "other").mkdir()
        (path / "other" / "file").touch()
        filesystems.skip_after(filesystems.system("mount", "-o", "remount,ro", path), "a read-only file system")
        before = tree(path)
        for name in ("empty", "new", "other", "a/b"):
            for line in (["serve", *FREE], *ON_A_STORE):
                line = [part.format(elsewhere=path / "elsewhere") for part in line]
                result = command(*line, data_dir=path / name, check=False)
                assert result.returncode == 1 and str(path / name) in result.stderr, (name, line, result)
        assert tree(path) == before


# MARK: A first start that is killed


def test_a_first_start_that_is_killed_starts_again(tmp_path):
    """At each of the first calls that change something, by a signal that strace delivers there."""
    tracer = shutil.which("strace")
    if not tracer:
        pytest.skip("SKIPPED LOUDLY: there is no strace")
    seen = set()
    for call, number in [
        *(("mkdir,mkdirat", n) for n in (1, 2, 3, 4, 100, 200, 259)), *(("fallocate", n) for n in (1, 2)),
        *(("fchmod", n) for n in (1, 2)), *(("pwrite64", n) for n in (1, 2, 3, 5, 8, 13, 21, 34)),
        *(("fsync,fdatasync", n) for n in range(1, 9)), *(("rename,renameat,renameat2", n) for n in (1, 2)),
    ]:  # fmt: skip
        data = tmp_path / f"{call.split(',')[0]}-{number}"
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        process = subprocess.Popen(
            [tracer, "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject, BINARY, "serve", *FREE,
             "--data-dir", data], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        # It is killed, or the call comes too late to be made at all, and the key is shown.
        for line in iter(process.stdout.readline, ""):
            if KEY.search(line):
                process.terminate()
        process.stdout.close()
        process.wait(30)
        seen.add(tuple(sorted(path.name for path in data.iterdir())) if data.exists() else None)
        with Server(data_dir=data) as server:
            assert server.client().upload(b"x")
    assert len(seen) >= 4, seen
