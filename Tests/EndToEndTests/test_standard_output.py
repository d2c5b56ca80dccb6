"""What cannot be written to standard output is an error, and a key that nobody saw does not work."""

import contextlib
import fcntl
import os
import subprocess

import pytest
from cloakroom import BINARY, KEY, Client, Server, command
from held_connections import eventually
from test_data_directories import FREE, tree


@contextlib.contextmanager
def full():
    """A device on which there is never room."""
    with open("/dev/full", "w") as device:
        yield {"stdout": device}


@contextlib.contextmanager
def broken():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield {"stdout": writer}
    os.close(writer)


@contextlib.contextmanager
def read_only():
    with open("/dev/null") as device:
        yield {"stdout": device}


@contextlib.contextmanager
def closed():
    yield {"stdout": None, "preexec_fn": lambda: os.close(1)}


OUTPUTS = [full, broken, read_only, closed]
outputs = pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.__name__)


def run(output, *arguments, data_dir=None, env=None):
    line = [BINARY, *arguments] + (["--data-dir", str(data_dir)] if data_dir else [])
    with output() as options:
        result = subprocess.run(
            line, stderr=subprocess.PIPE, text=True, timeout=30, env={**os.environ, **(env or {})}, **options
        )
    assert not KEY.search(result.stderr)
    return result


def rows(server):
    return [line.split("\t") for line in command("keys", "list", data_dir=server.data_dir).stdout.splitlines()]


@pytest.fixture(scope="module")
def own():
    with Server() as server:
        server.key("acme")
        yield server


@outputs
@pytest.mark.parametrize(
    "line",
    [
        ["keys", "list"], ["organizations", "list"], ["signing-keys", "list"], ["version"], ["--version"], ["--help"],
        ["help", "keys", "create"], ["keys"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_written_is_an_error(own, output, line):
    has_directory = line[-1] in ("list", "rotate")
    result = run(output, *line, data_dir=own.data_dir if has_directory else None)
    assert result.returncode == 1, result
    assert result.stderr.startswith("cloakroom: standard output: ") and result.stderr.count("\n") == 1


@outputs
@pytest.mark.parametrize("owner", [["--organization", "unseen"], ["--gateway"]], ids=" ".join)
def test_a_key_that_nobody_saw_is_revoked(own, output, owner):
    before = {row[0] for row in rows(own)}
    result = run(output, "keys", "create", *owner, data_dir=own.data_dir)
    assert result.returncode == 1 and "standard output: " in result.stderr
    [new] = [row for row in rows(own) if row[0] not in before]
    assert new[0] in result.stderr and "revoked" in result.stderr
    assert new[7].startswith("revoked ")


@outputs
@pytest.mark.parametrize("seconds", ["0", "60"])
def test_a_rotation_that_nobody_saw_leaves_the_old_key(own, output, seconds):
    client = Client(own, own.key("rotated"))
    [old] = [row for row in rows(own) if row[1] == "rotated" and len(row) == 7 and row[6] == client.key[:11]]
    result = run(output, "keys", "rotate", old[0], f"--grace-period-seconds={seconds}", data_dir=own.data_dir)
    assert result.returncode == 1 and "standard output: " in result.stderr and "works as before" in result.stderr
    after = [row for row in rows(own) if row[1] == "rotated"]
    assert [row[:5] for row in after if len(row) == 7 and row[0] == old[0]] == [old[:5]]
    assert [row[7].split()[0] for row in after if row[0] in result.stderr and row[0] != old[0]] == ["revoked"]
    assert client.get("/v1/files").status_code == 200


@outputs
def test_a_signing_key_that_was_added_is_named(own, output):
    before = command("signing-keys", "list", data_dir=own.data_dir).stdout
    result = run(output, "signing-keys", "rotate", data_dir=own.data_dir)
    new = command("signing-keys", "list", data_dir=own.data_dir).stdout.splitlines()[0].split("\t")[0]
    assert result.returncode == 1 and new in result.stderr and new not in before


@outputs
def test_a_server_that_cannot_say_where_it_listens_ends(tmp_path, output):
    result = run(output, "serve", *FREE, data_dir=tmp_path)
    assert result.returncode == 1 and "standard output: " in result.stderr
    assert command("keys", "list", data_dir=tmp_path).stdout == ""
    # Nothing was written into a file that had got the descriptor of standard output.
    assert not any(b"http://" in (content or b"") for _, content in tree(tmp_path).values())
    with Server(data_dir=tmp_path) as server:
        eventually(lambda: any(KEY.search(line) for line in server.output))


def test_the_first_key_that_nobody_saw_is_made_anew(tmp_path):
    """A reader that goes after the addresses, and before the key."""
    reader, writer = os.pipe()
    # Room for one line that nobody has read yet.
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen(
        [BINARY, "serve", *FREE, "--data-dir", tmp_path], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    lines = os.fdopen(reader, "rb", buffering=0)
    try:
        for _ in range(2):
            while lines.read(1) != b"\n":
                pass
        # The third address is in the pipe; what follows has no room.
        eventually(lambda: command("keys", "list", data_dir=tmp_path, check=False).stdout)
        lines.close()
        assert process.wait(20) == 1
        assert "standard output: Broken pipe" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert command("keys", "list", data_dir=tmp_path).stdout == ""
    with Server(data_dir=tmp_path) as server:
        eventually(lambda: any(KEY.search(line) for line in server.output))


@outputs
def test_findings_that_cannot_be_written_are_an_error(tmp_path, output):
    with Server(data_dir=tmp_path) as server:
        file_id = server.client().upload(b"x" * 100_000)
        server.stop()
    uuid = file_id.removeprefix("file_")
    (tmp_path / "blobs" / uuid[-2:] / uuid).unlink()
    result = run(output, "check", "--repair", data_dir=tmp_path)
    assert result.returncode == 1 and "standard output: " in result.stderr
    # It was repaired all the same.
    assert command("check", data_dir=tmp_path).stdout == ""
