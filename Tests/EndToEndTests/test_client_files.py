"""What the commands upload and download make of local paths that are no ordinary files, and of signals."""

import http.server
import json
import os
import signal
import socket
import subprocess
import threading

import pytest
from cloakroom import BINARY, EVIDENCE, Server
from held_connections import eventually
from test_client_commands import environment, left_over, photo, run, upload, wait_until  # noqa: F401


@pytest.fixture
def listed(client):
    """The number of files of the organization, pending ones too."""
    return lambda: len(client.get("/v1/files?limit=1000").json()["files"])


def special(directory):
    """Paths that are no regular files, and a word of the message for each."""
    (directory / "directory").mkdir()
    os.mkfifo(directory / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / "socket"))
    listener.close()
    (directory / "empty").touch()
    (directory / "dangling").symlink_to("nowhere")
    (directory / "loop").symlink_to("loop")
    (directory / "link-to-pipe").symlink_to("pipe")
    (directory / "file").write_text("x")
    return {
        "directory": "a directory",
        "pipe": "a named pipe",
        "link-to-pipe": "a named pipe",
        "socket": "a socket",
        "empty": "empty",
        "dangling": "symbolic link without a target",
        "loop": "Too many levels",
        "missing": "does not exist",
        "file/below": "Not a directory",
        "x" * 300: "too long",
        "/dev/zero": "a device",
        "/dev/null": "a device",
        "/proc/version": "empty",
    }


def test_each_kind_of_path_has_its_own_message(run, photo, tmp_path, listed):
    paths = special(tmp_path)
    before = listed()
    for path, word in paths.items():
        result = run("upload", path, code=1)
        assert result.stdout == b"" and result.stderr.decode().startswith(f"cloakroom: {path}: ")
        assert word in result.stderr.decode(), path
    assert listed() == before
    # One of them does not keep the others.
    result = run("upload", *paths, "photo.png", code=1)
    assert len(result.stderr.splitlines()) == len(paths) and result.stdout.endswith(b"\tphoto.png\n")


def test_a_download_replaces_no_special_file(run, photo, tmp_path):
    [file_id] = upload(run, "photo.png")
    paths = special(tmp_path)
    for path in ("directory", "pipe", "link-to-pipe", "socket", "dangling", "loop", "/dev/null", "file/below"):
        before = left_over(tmp_path)
        result = run("download", file_id, "-o", path, code=1)
        assert paths[path] in result.stderr.decode() and result.stdout == b"", path
        assert left_over(tmp_path) == before
    result = run("download", file_id, "-o", "no/such/copy.png", code=1)
    assert b"the directory no/such does not exist" in result.stderr
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null")


# MARK: Standard input


def piped(server, client, *arguments, data=b"", stdin=None, env=None):
    result = subprocess.run(
        [BINARY, "upload", *arguments], env=environment(server.api, client.key, **(env or {})),
        input=None if stdin else data, stdin=stdin, capture_output=True, timeout=60,
    )  # fmt: skip
    EVIDENCE.text("stderr of a client command", result.stderr.decode())
    return result


def test_standard_input_is_uploaded(server, client, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    data = os.urandom(1_000_001)
    options = {"data": data, "env": {"TMPDIR": str(temporary)}}
    result = piped(server, client, "-", "--filename", "notes.txt", **options)
    file_id, path = result.stdout.decode().removesuffix("\n").split("\t")
    assert (result.returncode, path, result.stderr) == (0, "-", b"")
    file = client.get(f"/v1/files/{file_id}").json()
    assert (file["filename"], file["content_type"], file["size_bytes"]) == ("notes.txt", "text/plain", len(data))
    assert client.get(f"/v1/files/{file_id}/download").content == data
    result = piped(server, client, "-", "--filename=a.bin", "--content-type=image/png", "--json", **options)
    assert json.loads(result.stdout)["content_type"] == "image/png"
    assert left_over(temporary) == []


def test_standard_input_may_be_a_file(server, client, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"from a file")
    with open(tmp_path / "a.txt") as file:
        result = piped(server, client, "-", "--filename", "b.txt", stdin=file)
    file_id = result.stdout.decode().split("\t")[0]
    assert client.get(f"/v1/files/{file_id}/download").content == b"from a file"


def test_standard_input_has_limits_of_its_own(server, client, tmp_path, listed):
    before = listed()
    result = piped(server, client, "-", "--filename", "a.txt")
    assert result.returncode == 1 and result.stderr.startswith(b"cloakroom: standard input: it is empty")
    directory = os.open(tmp_path, os.O_RDONLY)
    result = piped(server, client, "-", "--filename", "a.txt", stdin=directory)
    assert result.returncode == 1 and b"standard input: Is a directory" in result.stderr
    os.close(directory)
    result = piped(server, client, "-", "--filename", "a.txt", data=b"x", env={"TMPDIR": "/nonexistent/directory"})
    assert result.returncode == 1 and b"/nonexistent/directory" in result.stderr
    closed = subprocess.run(
        ["sh", "-c", f"{BINARY} upload - --filename a.txt <&-"], env=environment(server.api, client.key),
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert closed.returncode == 1 and b"standard input: Bad file descriptor" in closed.stderr
    assert listed() == before


def test_standard_input_needs_a_name(run, photo):
    lines = ["-"], ["-", "photo.png"], ["-", "photo.png", "--filename", "a"], ["photo.png", "--filename", "a/b"]
    for arguments in lines:
        result = run("upload", *arguments, code=64)
        assert b"--filename" in result.stderr and result.stdout == b""
    assert run("upload", "photo.png", "--filename", "other.png").stdout.endswith(b"\tphoto.png\n")


# MARK: Signals


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_standard_input(server, client, how):
    process = subprocess.Popen(
        [BINARY, "upload", "-", "--filename", "a.txt"], env=environment(server.api, client.key), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(b"half")
    process.stdin.flush()
    # Its copy has been made, so it waits for more.
    eventually(lambda: any("cloakroom-" in link for link in links(process.pid)))
    process.send_signal(how)
    assert process.wait(20) == 130
    assert process.stderr.read() == b""
    process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_download_that_nobody_reads(server, client, how):
    file_id = client.upload(os.urandom(3_000_000))
    process = subprocess.Popen(
        [BINARY, "download", file_id, "-o", "-"], env=environment(server.api, client.key), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.read(1)
    process.send_signal(how)
    assert process.wait(20) == 130
    process.stdout.close()
    process.stderr.close()


def links(pid):
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            pass
    return found


# MARK: Files that change


class Gate:
    """A storage origin in front of the real one: it lets a PUT through once the test says so."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.arrived = threading.Event()
        self.opened = threading.Event()
        self.target = None
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:{}".format(self.listener.getsockname()[1])

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        first = client.recv(65_536)
        if first:
            self.arrived.set()
            self.opened.wait(30)
            with socket.create_connection(self.target) as server:
                server.sendall(first)
                back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                back.start()
                self.copy(client, server)
                back.join(30)
        client.close()

    def copy(self, source, target):
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def truncate(path):
    os.truncate(path, 1_000)


def append(path):
    with open(path, "ab") as file:
        file.write(b"more")


def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"other")


@pytest.mark.parametrize("change", [truncate, append, overwrite])
def test_a_file_that_changes_is_not_uploaded(tmp_path, change):
    path = tmp_path / "large.bin"
    # More than fits into the buffers of the connection.
    path.write_bytes(bytes(60_000_000))
    gate = Gate()
    with Server("--storage-url", gate.url) as own:
        gate.target = own.storage_address
        client = own.client()
        process = subprocess.Popen(
            [BINARY, "upload", "large.bin"], cwd=tmp_path, env=environment(own.api, client.key), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert gate.arrived.wait(20)
        change(path)
        gate.opened.set()
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 1 and output == b""
        assert errors.startswith(b"cloakroom: large.bin: it ") and b"while it was being sent" in errors
        wait_until(lambda: client.get("/v1/files").json()["files"] == [])
    gate.listener.close()


# MARK: Names


HOSTILE = "invoice_\u202egnp.\u2066exe\u2069\u200f\u061c\u2028\u200b\U000e0041.png"
SHOWN = r"invoice_\u{202E}gnp.\u{2066}exe\u{2069}\u{200F}\u{61C}\u{2028}\u{200B}\u{E0041}.png"


def test_a_hostile_name_is_printed_escaped(run, client, tmp_path):
    file_id = client.upload(b"x", filename=HOSTILE)
    for arguments in (["files", "list", "--limit", "1"], ["files", "show", file_id]):
        output = run(*arguments).stdout.decode()
        assert output.endswith(f"\t{SHOWN}\n")
    for arguments in (["files", "show", file_id, "--json"], ["files", "list", "--limit", "1", "--json"]):
        output = run(*arguments).stdout.decode()
        assert r"invoice_\u202egnp.\u2066exe\u2069\u200f\u061c\u2028\u200b\udb40\udc41.png" in output
        assert output.isascii()
        assert json.loads(output)["filename"] == HOSTILE
    assert run("download", file_id).stdout.decode() == f"{SHOWN}\n"
    assert (tmp_path / HOSTILE).read_bytes() == b"x"
    assert run("upload", HOSTILE).stdout.decode().endswith(f"\t{SHOWN}\n")
    (tmp_path / "red\x1b[31m").mkdir()
    result = run("upload", "red\x1b[31m", code=1)
    assert result.stderr.decode() == "cloakroom: red\\u{1B}[31m: it is a directory, not a regular file\n"


def test_letters_of_all_scripts_are_printed_as_they_are(run, client):
    name = "Größe – 写真 صورة תמונה \N{SNOWMAN}\N{VARIATION SELECTOR-16}.png"
    file_id = client.upload(b"x", filename=name)
    assert run("files", "show", file_id).stdout.decode().endswith(f"\t{name}\n")


def test_a_servers_message_is_printed_escaped(run, client, photo, tmp_path):
    """A server, or somebody in its place, that writes to the terminal."""

    class Hostile(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            error = {"code": "X\x1b]0;title\x07", "message": "a\x1b[2J\nb\x9b31m", "request_id": "r\u202e"}
            body = json.dumps({"error": error}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    result = run("upload", "photo.png", url=f"http://127.0.0.1:{server.server_port}", code=1)
    server.shutdown()
    text = result.stderr.decode()
    assert text == "cloakroom: photo.png: X\\u{1B}]0;title\\u{7}: a\\u{1B}[2J\\nb\\u{9B}31m (request r\\u{202E})\n"
