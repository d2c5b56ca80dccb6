"""The commands upload, download and files: the client library with a real service, and with one that fails."""

import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import pty
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from cloakroom import BINARY, EVIDENCE, KEY, Server

DATA = os.urandom(3_000_000)


def environment(server, key, **others):
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "CLOAKROOM_SERVER": server, "CLOAKROOM_KEY": key, **others}


@pytest.fixture
def run(server, client, tmp_path):
    def run(*arguments, env=None, url=server.api, code=0):
        env = environment(url, client.key) if env is None else env
        result = subprocess.run([BINARY, *arguments], cwd=tmp_path, env=env, capture_output=True, timeout=60)
        EVIDENCE.text("stderr of a client command", result.stderr.decode())
        assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
        return result

    return run


@pytest.fixture
def photo(tmp_path):
    (tmp_path / "photo.png").write_bytes(DATA)
    return tmp_path / "photo.png"


def upload(run, *paths):
    return [line.split("\t")[0] for line in run("upload", *paths).stdout.decode().splitlines()]


def left_over(directory):
    return sorted(path.name for path in directory.iterdir())


def test_up_and_down(run, client, photo, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    result = run("upload", "photo.png", "notes.txt")
    lines = [line.split("\t") for line in result.stdout.decode().splitlines()]
    assert [path for _, path in lines] == ["photo.png", "notes.txt"] and result.stderr == b""
    shown = [client.get(f"/v1/files/{file_id}").json() for file_id, _ in lines]
    assert [(file["content_type"], file["filename"]) for file in shown] == [
        ("image/png", "photo.png"),
        ("text/plain", "notes.txt"),
    ]
    assert shown[0]["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert run("download", lines[0][0], "-o", "copy.png").stdout == b"copy.png\n"
    assert (tmp_path / "copy.png").read_bytes() == DATA
    assert run("download", lines[0][0], "-o", "-").stdout == DATA
    # Its own name is taken; another's file is not overwritten unasked.
    assert b"photo.png" in run("download", lines[0][0], code=1).stderr
    os.remove(photo)
    assert run("download", lines[0][0]).stdout == b"photo.png\n"
    assert photo.read_bytes() == DATA


def test_json_for_programs(run, photo):
    uploaded = json.loads(run("upload", "--json", "photo.png").stdout)
    assert uploaded["sha256"] == hashlib.sha256(DATA).hexdigest() and uploaded["path"] == "photo.png"
    shown = json.loads(run("files", "show", "--json", uploaded["file_id"]).stdout)
    assert (shown["status"], shown["size_bytes"], shown["content_type"]) == ("ready", len(DATA), "image/png")
    downloaded = json.loads(run("download", "--json", uploaded["file_id"], "-o", "c.png").stdout)
    assert (downloaded["path"], downloaded["sha256"]) == ("c.png", uploaded["sha256"])


def test_files_are_listed_and_deleted(run, server, tmp_path):
    other = server.client("client-commands")
    env = environment(server.api, other.key)
    for index in range(3):
        (tmp_path / f"{index}.txt").write_text("x" * (index + 1))
    run("upload", "0.txt", "1.txt", "2.txt", env=env)
    rows = [line.split("\t") for line in run("files", "list", env=env).stdout.decode().splitlines()]
    assert [row[1:4] + row[5:] for row in rows] == [
        ["ready", str(size), "text/plain", f"{size - 1}.txt"] for size in (3, 2, 1)
    ]
    assert len(run("files", "list", "--limit", "2", env=env).stdout.splitlines()) == 2
    assert run("files", "list", "--content-type", "image/*", env=env).stdout == b""
    assert run("files", "list", "--status", "pending", env=env).stdout == b""
    run("files", "delete", rows[0][0], rows[1][0], env=env)
    assert len(run("files", "list", env=env).stdout.splitlines()) == 1
    assert b"FILE_NOT_FOUND" in run("files", "show", rows[0][0], env=env, code=1).stderr


def test_one_bad_file_does_not_keep_the_others(run, photo, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    result = run("upload", "missing.png", "empty", ".", "photo.png", code=1)
    assert [line.split(b"\t")[1] for line in result.stdout.splitlines()] == [b"photo.png"]
    assert all(name in result.stderr for name in (b"missing.png", b"empty"))


def test_server_and_key_come_from_option_environment_or_file(run, server, client, tmp_path):
    directory = tmp_path / "config" / "cloakroom"
    directory.mkdir(parents=True)
    (directory / "config").write_text(json.dumps({"server": server.api, "key": client.key}))
    env = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(tmp_path / "config")}
    (directory / "config").chmod(0o644)
    assert b"chmod 600" in run("files", "list", env=env, code=64).stderr
    (directory / "config").chmod(0o600)
    run("files", "list", env=env)
    run("files", "list", env={**env, "CLOAKROOM_KEY": "sk_" + "0" * 72}, code=64)
    run("files", "list", "--key", client.key, env={**env, "CLOAKROOM_KEY": "sk_" + "0" * 72})
    run("files", "list", "--server", "http://127.0.0.1:1/?x", env=env, code=64)
    (directory / "config").write_text("not json")
    assert b"JSON" in run("files", "list", env=env, code=64).stderr
    assert b"no API key" in run("files", "list", env={"PATH": os.environ["PATH"]}, code=64).stderr


def test_a_gateway_says_for_whom(run, server, client, photo):
    env = environment(server.api, server.key(gateway=True))
    assert b"INPUT_VALIDATION_ERROR" in run("files", "list", env=env, code=1).stderr
    [line] = run("upload", "--organization", "default", "photo.png", env=env).stdout.splitlines()
    assert client.get(f"/v1/files/{line.split(b'	')[0].decode()}").status_code == 200


def test_a_bar_on_a_terminal_and_none_without(server, client, photo, tmp_path):
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [BINARY, "upload", "photo.png"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=other,
        env=environment(server.api, client.key),
    )  # fmt: skip
    os.close(other)
    drawn = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(terminal, 4096):
            drawn += part
    assert process.wait(30) == 0
    assert b"photo.png [" in drawn and b"100 %" in drawn and drawn.endswith(b"\r\x1b[K")


def test_the_key_is_not_in_the_process_list(client, photo, tmp_path):
    # Accepts, and never answers: until it is killed the command can be looked at.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        line = [BINARY, "upload", "--server", server, f"--key={client.key}", "photo.png"]
        process = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.PIPE)
        try:
            command_line = pathlib.Path(f"/proc/{process.pid}/cmdline")

            # Just begun, a process has no command line yet.
            def is_blanked():
                text = command_line.read_text()
                return "photo.png" in text and not KEY.search(text)

            wait_until(is_blanked)
        finally:
            process.kill()
            process.wait()


# MARK: A service that fails


class Proxy(http.server.ThreadingHTTPServer):
    """Stands before the service: hands requests on, breaks off or refuses as it is told, and notes them."""

    daemon_threads = True

    def __init__(self, target, decide, port=0):
        self.target, self.decide, self.seen = target, decide, []
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path.split("?")[0], dict(self.headers)))
        verdict = self.server.decide(self.command, self.path, len(self.server.seen))
        if verdict == "drop":
            self.close_connection = True
            return
        if isinstance(verdict, int):
            fields = {"Retry-After": "1"} if verdict == 429 else {}
            return self.answer(verdict, fields, b'{"error":{"code":"TEST","message":"m","details":{}}}')
        request = urllib.request.Request(self.server.target + self.path, body or None, method=self.command)
        for name, value in self.headers.items():
            if name.lower() not in ("host", "connection", "content-length"):
                request.add_header(name, value)
        if "X-Amz-Signature" in self.path:
            request.add_header("Host", self.headers["Host"])
        try:
            response = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as refusal:
            response = refusal
        content = response.read()
        fields = {name: value for name, value in response.headers.items() if name.lower() != "connection"}
        if verdict == "half":
            self.answer(response.status, fields, content[: len(content) // 2], whole=len(content))
            self.close_connection = True
            return
        self.answer(response.status, fields, content)

    def answer(self, status, fields, content, whole=None):
        self.send_response_only(status)
        for name, value in fields.items():
            if name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content) if whole is None else whole))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *_):
        pass


def once(command, path, verdict):
    """Fails the first request of a kind."""
    met = []

    def decide(method, target, _):
        if method == command and target.startswith(path) and not met:
            met.append(target)
            return verdict
        return None

    return decide


@pytest.mark.parametrize("verdict", ["drop", 429, 500, 503])
def test_what_is_harmless_is_tried_again(run, server, client, photo, verdict):
    proxy = Proxy(server.api, once("POST", "/v1/files/upload", verdict))
    [file_id] = upload(lambda *line: run(*line, url=proxy.url), "photo.png")
    declared = [fields for method, path, fields in proxy.seen if path == "/v1/files/upload"]
    assert len(declared) == 2 and declared[0]["Idempotency-Key"] == declared[1]["Idempotency-Key"]
    assert client.get(f"/v1/files/{file_id}/download").content == DATA


@contextlib.contextmanager
def behind_a_proxy(decide):
    """A service whose presigned URLs lead to a proxy, which stands where the service says it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Server("--storage-url", f"http://127.0.0.1:{port}") as server:
        yield server, Proxy(server.storage, decide, port)


@pytest.mark.parametrize("verdict", ["drop", 429, 500, 503])
def test_bytes_whose_sending_failed_are_sent_again(run, photo, verdict):
    with behind_a_proxy(once("PUT", "/uploads/", verdict)) as (server, proxy):
        client = server.client()
        env = environment(server.api, client.key)
        [file_id] = upload(lambda *line: run(*line, env=env), "photo.png")
        assert [method for method, _, _ in proxy.seen] == ["PUT", "PUT"]
        assert client.get(f"/v1/files/{file_id}").json()["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_an_upload_that_is_refused_for_good_leaves_nothing(run, photo):
    with behind_a_proxy(lambda method, *_: 403 if method == "PUT" else None) as (server, proxy):
        client = server.client()
        run("upload", "photo.png", env=environment(server.api, client.key), code=1)
        assert [method for method, _, _ in proxy.seen] == ["PUT"]
        assert client.get("/v1/files").json()["files"] == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_what_was_refused_for_good_is_not(run, server, photo, status):
    proxy = Proxy(server.api, lambda *_: status)
    assert b"TEST" in run("upload", "photo.png", url=proxy.url, code=1).stderr
    assert len(proxy.seen) == 1


def test_a_deletion_whose_answer_was_lost_succeeds(run, server, client, photo):
    [file_id] = upload(run, "photo.png")

    def decide(method, path, number):
        if method == "DELETE" and number == 1:
            # It arrives, and the answer does not.
            assert client.delete(f"/v1/files/{file_id}").status_code == 204
            return "drop"
        return None

    run("files", "delete", file_id, url=Proxy(server.api, decide).url)
    run("files", "delete", file_id, code=1)


def test_a_download_goes_on_where_it_broke_off(run, client, photo, tmp_path):
    with behind_a_proxy(once("GET", "/files/", "half")) as (server, proxy):
        env = environment(server.api, server.key())
        [line] = run("upload", "photo.png", env=env).stdout.decode().splitlines()
        run("download", line.split("\t")[0], "-o", "copy.png", env=env)
        assert (tmp_path / "copy.png").read_bytes() == DATA
        ranges = [fields.get("Range") for method, path, fields in proxy.seen if method == "GET"]
        # What was still on the way when it broke off comes again.
        first, second = ranges
        assert first is None and 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= len(DATA) // 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_download_that_is_broken_off_leaves_nothing(server, client, run, photo, tmp_path, how):
    [file_id] = upload(run, "photo.png")
    hung = threading.Event()

    def decide(method, path, number):
        if path.endswith(file_id):
            hung.wait(30)

    proxy = Proxy(server.api, decide)
    before = left_over(tmp_path)
    process = subprocess.Popen(
        [BINARY, "download", file_id, "-o", "copy.png"], cwd=tmp_path, env=environment(proxy.url, client.key),
        stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_until(lambda: any(path.endswith(file_id) for _, path, _ in proxy.seen))
    process.send_signal(how)
    assert process.wait(20) == (-9 if how == signal.SIGKILL else 130)
    hung.set()
    assert left_over(tmp_path) == before


def test_an_upload_that_is_broken_off_leaves_nothing(tmp_path):
    # More than goes through before the signal: the proxy reads none of it.
    (tmp_path / "large.bin").write_bytes(bytes(100_000_000))
    stalled = threading.Event()

    class Stalling(http.server.BaseHTTPRequestHandler):
        def do_PUT(self):
            stalled.set()
            time.sleep(20)

        def log_message(self, *_):
            pass

    storage = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    storage.daemon_threads = True
    threading.Thread(target=storage.serve_forever, daemon=True).start()
    with Server("--storage-url", f"http://127.0.0.1:{storage.server_port}") as own:
        client = own.client()
        process = subprocess.Popen(
            [BINARY, "upload", "large.bin"], cwd=tmp_path, env=environment(own.api, client.key), stderr=subprocess.PIPE
        )
        assert stalled.wait(20)
        assert client.get("/v1/files").json()["files"][0]["status"] == "pending"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert client.get("/v1/files").json()["files"] == []
    storage.shutdown()


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
