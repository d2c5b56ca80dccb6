"""The command line: configuration, keys, one server a directory, starting and stopping."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest
import requests
from cloakroom import BINARY, KEY, Server, command, error_code, http, put
from damage import sqlite
from held_connections import Held, eventually
from raw import Connection, head
from signing import presign
from test_operations import value


def serve(*options, env=None, data_dir):
    return command("serve", *options, data_dir=data_dir, check=False, env=env)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("api-address", "8080", "<host>:<port>"),
        ("storage-address", "127.0.0.1:70000", "<host>:<port>"),
        ("api-url", "ftp://x", "http:// or https://"),
        ("storage-url", "https://x/path", "without path"),
        ("region", "EU West", "a-z"),
        ("url-lifetime-seconds", "0", "1 to 604800"),
        ("url-lifetime-seconds", "one hour", "1 to 604800"),
        ("max-size-bytes", "-1", "whole number"),
        ("log-level", "loud", "trace, debug"),
    ],
)
def test_a_bad_value_is_named_wherever_it_stands(tmp_path, key, value, allowed):
    file = tmp_path / "cloakroom.json"
    file.write_text(json.dumps({key: value}))
    variable = "CLOAKROOM_" + key.upper().replace("-", "_")
    for result in (
        serve(f"--{key}={value}", data_dir=tmp_path / "data"),
        serve(env={variable: value}, data_dir=tmp_path / "data"),
        serve("--config", str(file), data_dir=tmp_path / "data"),
    ):
        assert result.returncode == 64
        assert key in result.stderr and value in result.stderr and allowed in result.stderr
    assert not (tmp_path / "data").exists()


def test_unknown_options_and_files_exit_64(tmp_path):
    assert command("serve", "--colour", "red", check=False).returncode == 64
    assert command("frobnicate", check=False).returncode == 64
    assert serve("--config", str(tmp_path / "none.json"), data_dir=tmp_path).returncode == 64
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert serve("--config", str(broken), data_dir=tmp_path).returncode == 64


def test_a_list_in_the_file_is_refused(tmp_path):
    file = tmp_path / "cloakroom.json"
    file.write_text(json.dumps({"storage-url": ["https://a.example", "https://b.example"]}))
    result = serve("--config", str(file), data_dir=tmp_path / "data")
    assert result.returncode == 64 and "storage-url" in result.stderr and "list" in result.stderr


def test_commands_that_only_look_create_nothing(tmp_path):
    for line in (["keys", "list"], ["signing-keys", "list"], ["keys", "revoke", "key_0000000000000000"]):
        assert command(*line, data_dir=tmp_path / "mistyped", check=False).returncode == 1
    assert not (tmp_path / "mistyped").exists()


def test_flags_win_over_environment_over_file(tmp_path, monkeypatch):
    file = tmp_path / "cloakroom.json"
    file.write_text(json.dumps({"url-lifetime-seconds": 11, "region": "file", "max-size-bytes": 5}))
    monkeypatch.setenv("CLOAKROOM_URL_LIFETIME_SECONDS", "22")
    monkeypatch.setenv("CLOAKROOM_REGION", "environment")
    with Server("--config", str(file), "--url-lifetime-seconds", "33") as server:
        client = server.client()
        url = client.mint(5)["upload_url"]
        assert "X-Amz-Expires=33&" in url and "%2Fenvironment%2Fs3%2F" in url
        assert client.post(
            "/v1/files/upload", json={"filename": "x", "content_type": "text/plain", "size_bytes": 6}
        ).status_code == 400


def test_the_first_start_introduces_itself_and_later_ones_do_not(tmp_path):
    with Server(data_dir=tmp_path) as server:
        deadline = time.monotonic() + 5
        while not KEY.search("".join(server.output)) and time.monotonic() < deadline:
            time.sleep(0.01)
        text = "".join(server.output)
        key = KEY.search(text)[0]
        assert "curl" in text and server.api in text
        assert http("GET", server.api + "/v1/files", headers={"Authorization": f"Bearer {key}"}).ok
        assert (server.data_dir / "signing-keys").stat().st_mode & 0o777 == 0o600
        server.stop()
        server.start()
        server.stop()
        assert not KEY.search("".join(server.output))


def test_the_introduction_runs_as_it_is_printed(tmp_path):
    from png import image

    with Server() as server:
        deadline = time.monotonic() + 5
        while "sha256sum" not in "".join(server.output) and time.monotonic() < deadline:
            time.sleep(0.01)
        lines = "".join(server.output).split("one of your photos.\n", 1)[1]
        (tmp_path / "photo.jpg").write_bytes(image(400, 300))
        result = subprocess.run(["sh", "-e"], input=lines, cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, result
        sums = [line.split()[0] for line in result.stdout.splitlines() if "  " in line]
        assert len(sums) == 2 and sums[0] == sums[1], result.stdout


def test_keys(server):
    key = command(
        "keys", "create", "--organization", "acme", "--name", "build bot", data_dir=server.data_dir
    ).stdout
    assert KEY.fullmatch(key.strip()) and key.endswith("\n")
    assert http("GET", server.api + "/v1/files", headers={"Authorization": f"Bearer {key.strip()}"}).ok
    line = next(line for line in command("keys", "list", data_dir=server.data_dir).stdout.splitlines() if "acme" in line)
    key_id, organization, name, permissions, created, used, prefix = line.split("\t")
    assert re.fullmatch(r"key_[0-9a-f]{16}", key_id)
    assert (organization, name, permissions) == ("acme", "build bot", "files:read,files:write")
    assert prefix == key[:11]
    deadline = time.monotonic() + 2
    while used == "never" and time.monotonic() < deadline:
        listed = command("keys", "list", data_dir=server.data_dir).stdout
        used = next(line for line in listed.splitlines() if key_id in line).split("\t")[5]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", used)
    new = command("keys", "rotate", key_id, "--grace-period-seconds=0", data_dir=server.data_dir).stdout.strip()
    for candidate, status in ((key.strip(), 401), (new, 200)):
        response = http("GET", server.api + "/v1/files", headers={"Authorization": f"Bearer {candidate}"})
        assert response.status_code == status
    assert command("keys", "revoke", "key_0000000000000000", data_dir=server.data_dir, check=False).returncode == 1


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--organization", "Upper"],
        ["--organization", "a", "--gateway"],
        ["--organization", "a", "--permission", "files:eat"],
        ["--organization", "a", "--name", "x" * 256],
        ["--organization", "a", "--name", "a\tb"],
    ],
)
def test_bad_keys_are_refused(tmp_path, options):
    assert command("keys", "create", *options, data_dir=tmp_path, check=False).returncode == 64


def test_one_server_a_directory(server):
    result = serve("--api-address=127.0.0.1:0", "--storage-address=127.0.0.1:0", data_dir=server.data_dir)
    assert result.returncode == 1 and "in use by another server" in result.stderr


def test_no_server_without_signing_keys(tmp_path):
    with Server(data_dir=tmp_path) as server:
        server.client().upload(b"x")
        server.stop()
        keys = (tmp_path / "signing-keys").read_text()
        (tmp_path / "signing-keys").unlink()
        result = serve(data_dir=tmp_path)
        assert result.returncode == 1 and "no signing key" in result.stderr
        (tmp_path / "signing-keys").write_text("nonsense with secret\n")
        (tmp_path / "signing-keys").chmod(0o600)
        result = serve(data_dir=tmp_path)
        assert result.returncode == 1 and "line 1" in result.stderr and "nonsense" not in result.stderr
        (tmp_path / "signing-keys").write_text(keys)
        (tmp_path / "signing-keys").chmod(0o644)
        result = serve(data_dir=tmp_path)
        assert result.returncode == 1 and "chmod 600" in result.stderr


def test_a_taken_port_is_named(server, tmp_path):
    address = server.storage.removeprefix("http://")
    result = serve(f"--storage-address={address}", "--api-address=127.0.0.1:0", data_dir=tmp_path)
    assert result.returncode == 1 and address in result.stderr and "in use" in result.stderr


def test_version():
    assert re.fullmatch(r"cloakroom \d+\.\d+\.\d+\n", command("version").stdout)


def refuses_connections(address):
    try:
        Connection(address).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_shutdown_lets_a_transfer_end(how):
    data = os.urandom(1_000_000)
    with Server() as server:
        client = server.client()
        ticket = client.mint(len(data))
        idle = Connection(server.storage_address)
        with Connection(server.storage_address) as connection:
            fields = ["Content-Type: image/png", f"Content-Length: {len(data)}"]
            connection.send(head("PUT", ticket["upload_url"], *fields, "Expect: 100-continue"))
            assert connection.response()[0] == 100
            connection.send(data[:1000])
            server.process.send_signal(how)
            eventually(lambda: refuses_connections(server.storage_address))
            assert idle.is_closed()
            connection.send(data[1000:])
            status, sent, _ = connection.response()
            assert (status, sent["connection"]) == (200, "close")
        assert server.process.wait(10) == 0
        server.stop()
        server.start()
        assert server.client().get(f"/v1/files/{ticket['file_id']}").json()["status"] == "ready"


def test_shutdown_cuts_off_what_takes_too_long():
    with Server("--shutdown-timeout-seconds", "1") as server:
        ticket = server.client().mint(1000)
        with Connection(server.storage_address) as connection:
            fields = ["Content-Type: image/png", "Content-Length: 1000", "Expect: 100-continue"]
            connection.send(head("PUT", ticket["upload_url"], *fields))
            assert connection.response()[0] == 100
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(6) == 0


def test_resets_are_harmless(server, client):
    def broken_off():
        return value(server.metrics(), "cloakroom_uploads_total", outcome="incomplete")

    ticket = client.mint(1_000_000)
    before = broken_off()
    for _ in range(50):
        connection = Held(server.storage_address)
        fields = ["Content-Type: image/png", "Content-Length: 1000000", "Expect: 100-continue"]
        connection.send(head("PUT", ticket["upload_url"], *fields))
        assert connection.response()[0] == 100
        connection.send(b"x" * 50_000)
        connection.reset()
    eventually(lambda: broken_off() == before + 50)
    assert requests.get(server.operations + "/healthz", timeout=5).text == "ok\n"
    assert not list(server.data_dir.glob("blobs/staging/*"))
    assert put(ticket["upload_url"], bytes(1_000_000)).status_code == 200


def test_data_survives_kill_9():
    with Server() as server:
        client = server.client()
        acknowledged = []
        stop = threading.Event()

        def upload():
            while not stop.is_set():
                data = os.urandom(5000)
                try:
                    ticket = client.mint(len(data))
                    if put(ticket["upload_url"], data).status_code == 200:
                        acknowledged.append((ticket["file_id"], data))
                except (requests.RequestException, AssertionError):
                    return

        for _ in range(3):
            stop.clear()
            threads = [threading.Thread(target=upload) for _ in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(1)
            server.stop(signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join()
            server.start()
        assert len(acknowledged) > 30
        for file_id, data in acknowledged:
            assert client.get(f"/v1/files/{file_id}/download").content == data
        check = subprocess.run(
            ["sqlite3", server.data_dir / "catalog.sqlite", "PRAGMA integrity_check"], capture_output=True, text=True
        )
        assert check.stdout.strip() == "ok"


def test_what_a_crash_left_is_removed():
    """A blob whose row is pending, and a deleted file whose blob is still there."""
    with Server() as server:
        client = server.client()
        pending = client.mint(5)["file_id"]
        deleted = client.upload(bytes(100_000))  # too large for a pack
        server.stop(signal.SIGKILL)

        def blob(file_id):
            uuid = file_id.removeprefix("file_")
            return server.data_dir / "blobs" / uuid[-2:] / uuid

        blob(pending).write_bytes(b"torn")
        sqlite(
            server.data_dir,
            """
            INSERT INTO deleted_files (id, deleted_at, forget_after)
                SELECT id, created_at, created_at + 9999 FROM files WHERE sha256 IS NOT NULL;
            DELETE FROM files WHERE sha256 IS NOT NULL;""",
        )
        assert blob(deleted).exists()
        (server.data_dir / "blobs/staging/7").write_bytes(b"half")
        server.start()
        assert not blob(deleted).exists()
        answer = http("GET", presign(server, "GET", f"/files/{deleted}"))
        assert (answer.status_code, error_code(answer)) == (404, "NoSuchKey")
        assert not list(server.data_dir.glob("blobs/staging/*"))
        deadline = time.monotonic() + 5
        while blob(pending).exists():
            assert time.monotonic() < deadline, "the orphan stays"
            time.sleep(0.05)


def test_no_secret_in_the_process_list(server):
    lines = open(f"/proc/{server.process.pid}/cmdline").read() + open(f"/proc/{server.process.pid}/environ").read()
    assert str(server.data_dir) in lines and "PATH=" in lines
    assert server.signing_keys[0][1] not in lines and not KEY.search(lines)
    assert BINARY in lines
