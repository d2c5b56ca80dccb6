"""The access log: every request id of an answer is in it once, and nothing of what clients send."""

import datetime
import json
import os
import re
import socket
import stat
import subprocess
import threading

import pytest
import requests
from access_log import IDS, LoggedServer, entries, raw_id, request_id
from cloakroom import BINARY, EVIDENCE, Server, command, http, put
from held_connections import LARGE, Held, eventually
from raw import Connection, address_of, exchange, head
from signing import presign
from test_operations import value
from under_way import UnderWay

MARK = "m4rk3d"


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    with LoggedServer(tmp_path_factory.mktemp("log"), "--max-size-bytes=50000000") as server:
        yield server


@pytest.fixture(scope="module")
def client(logged):
    return logged.client("acme")


def key_id(server, key):
    """The id of a key, as `keys list` has it."""
    for line in command("keys", "list", data_dir=server.data_dir).stdout.splitlines():
        if line.split("\t")[6] == key[:11]:
            return line.split("\t")[0]
    raise AssertionError("no such key")


class Walk:
    """Requests of all kinds, each with something that must not be in the log; keeps the ids of the answers."""

    def __init__(self, server, client):
        self.server, self.client = server, client
        self.ids = []

    def note(self, response, *statuses):
        assert response.status_code in statuses, (response.status_code, response.text)
        self.ids.append(request_id(response))
        return response

    def raw(self, url, data, *statuses):
        status, fields, _ = exchange(address_of(url), data)
        assert status in statuses, status
        self.ids.append(raw_id(fields))

    def api(self, method, path, *statuses, **options):
        options.setdefault("headers", {})["X-Secret"] = MARK
        return self.note(self.client.request(method, path, **options), *statuses)

    def every_route_of_the_api(self):
        name = f"{MARK}.png"
        fields = {"filename": name, "content_type": "image/png", "size_bytes": 4}
        ticket = self.api("POST", "/v1/files/upload", 200, json=fields).json()
        file = f"/v1/files/{ticket['file_id']}"
        self.api("POST", f"{file}/upload-url", 200)
        self.api("GET", file, 200)
        self.api("GET", f"/v1/files?limit=2&cursor=&{MARK}=1", 200, 400)
        self.api("POST", f"/v1/files?filename={name}", 201, data=b"body", headers={"Content-Type": "image/png"})
        self.api("POST", "/v1/files", 201, files={"file": (name, b"form", "image/png")})
        self.note(put(ticket["upload_url"], b"data"), 200)
        for accept in ("application/json", "image/png"):
            self.api("GET", f"{file}/download", 200, headers={"Accept": accept})
        self.api("GET", f"{file}/download?redirect=true", 307, allow_redirects=False)
        self.api("HEAD", f"{file}/download", 200)
        self.api("GET", f"{file}/download", 206, headers={"Range": "bytes=1-2"})
        self.api("GET", f"{file}/download", 416, headers={"Range": "bytes=9-"})
        self.api("POST", f"{file}/revoke-urls", 204)
        self.api("DELETE", file, 204)
        self.api("GET", f"{file}?{MARK}", 404)
        self.api("GET", f"/v1/{MARK}", 404)
        self.api("PATCH", file, 405)
        self.api("POST", "/v1/files/upload", 400, data=f'{{"{MARK}": ')
        self.api("POST", "/v1/files/upload", 413, data=b" " * 1_100_000)
        self.api("GET", "/openapi.yaml", 200)
        self.api("GET", "/v1/keys", 403)
        self.note(http("GET", self.server.api + "/v1/files", headers={"Authorization": f"Bearer {MARK}"}), 401)

    def what_the_api_does_not_understand(self):
        api = self.server.api
        self.raw(api, f"GET /{MARK} HTTP/1.1\r\n\r\n".encode(), 400)
        self.raw(api, f"{MARK} / HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400)
        self.raw(api, f"GET / HTTP/1.1\r\nHost: a\r\n{MARK}\r\n\r\n".encode(), 400)
        self.raw(api, head("GET", f"{api}/{MARK}", "X: " + MARK * 9000), 400, 431)
        self.raw(api, head("GET", f"{api}/{MARK}", "Transfer-Encoding: " + MARK), 400, 501)
        self.raw(api, head("POST", f"{api}/v1/files/upload", "Transfer-Encoding: chunked") + b"zz\r\n", 400, 401)

    def keys_and_gateways(self):
        manager = self.server.client("acme", "keys:manage")
        made = self.note(manager.post("/v1/keys", json={"name": MARK}), 201).json()
        EVIDENCE.secret(made["key"])
        rotated = self.note(manager.post(f"/v1/keys/{made['key_id']}/rotate", json={}), 201).json()
        EVIDENCE.secret(rotated["key"])
        self.note(manager.delete(f"/v1/keys/{rotated['key_id']}"), 204)
        self.note(manager.get("/v1/keys"), 200)
        gateway = self.server.client("", gateway=True)
        file_id = self.client.upload(b"data", f"{MARK}.png")
        body = {"organization_id": "acme", "file_ids": [file_id]}
        self.note(gateway.post("/v1/files/resolve", json=body), 200)
        body = {"organization_id": "acme", "input": {MARK: file_id}}
        self.note(gateway.post("/v1/inputs/resolve", json=body), 200)
        self.note(gateway.get("/v1/files", headers={"X-Organization-ID": MARK.upper()}), 400)
        self.note(gateway.get("/v1/files"), 400)

    def every_answer_of_storage(self):
        data = os.urandom(200_000)
        small, large = (self.client.upload(bytes, f"{MARK}.png") for bytes in (b"small", data))
        for url, size in ((self.client.url(small), 5), (self.client.url(large), len(data))):
            assert len(self.note(http("GET", url), 200).content) == size
            self.note(http("HEAD", url), 200)
            self.note(http("GET", url, headers={"Range": "bytes=1-3", "X-Secret": MARK}), 206)
            self.note(http("GET", url, headers={"Range": "bytes=999999-"}), 416)
            self.note(http("GET", url, headers={"If-None-Match": "*"}), 304)
            self.note(http("GET", url + "0"), 403)
            self.note(http("OPTIONS", url), 204)
            self.note(http("DELETE", url), 403, 405)
        self.note(http("GET", f"{self.server.storage}/files/{small}?{MARK}=1"), 403)
        self.note(http("GET", f"{self.server.storage}/{MARK}"), 403)
        self.note(http("GET", presign(self.server, "GET", "/files/file_01a1fa8d-56a2-7000-9ff0-f481e3338277")), 404)

    def uploads_to_storage(self):
        ticket = self.client.mint(4, f"{MARK}.png")
        url = ticket["upload_url"]
        self.note(put(url, b"data", "text/plain"), 400)
        self.note(put(url, b"dat"), 400)
        self.note(put(url, b"data", Content_MD5="AAAAAAAAAAAAAAAAAAAAAA=="), 400)
        self.note(put(url, b"data", Content_Encoding="gzip"), 415)
        self.note(put(url, iter([b"da", b"ta"])), 200)
        self.note(put(url, b"data"), 200)
        self.note(put(url, b"atad"), 409)

    def what_storage_does_not_understand(self):
        storage = self.server.storage
        self.raw(storage, f"{MARK}\r\n\r\n".encode(), 400)
        self.raw(storage, f"GET /{MARK} HTTP/3.0\r\nHost: a\r\n\r\n".encode(), 400, 505)
        self.raw(storage, head("GET", f"{storage}/{MARK}", "X: " + MARK * 9000), 431)
        self.raw(storage, head("GET", f"{storage}/{MARK}", "Transfer-Encoding: " + MARK), 400, 501)
        self.raw(storage, head(MARK.upper(), f"{storage}/{MARK}"), 403, 405)

    def pipelined(self):
        url = self.client.url(self.client.upload(b"data", f"{MARK}.png"))
        fields = f"Authorization: Bearer {self.client.key}"
        for address, one in (
            (self.server.storage, head("GET", url)),
            (self.server.api, head("GET", self.server.api + "/v1/files", fields)),
        ):
            with Connection(address_of(address)) as connection:
                connection.send(one * 5)
                answers = [connection.response() for _ in range(5)]
            assert [answer[0] for answer in answers] == [200] * 5
            self.ids += [raw_id(fields) for _, fields, _ in answers]


def test_every_answer_is_in_the_log_once_and_nothing_that_clients_send(logged, client):
    walk = Walk(logged, client)
    walk.every_route_of_the_api()
    walk.what_the_api_does_not_understand()
    walk.keys_and_gateways()
    walk.every_answer_of_storage()
    walk.uploads_to_storage()
    walk.what_storage_does_not_understand()
    walk.pipelined()
    for path in ("/healthz", "/readyz", "/metrics", f"/{MARK}"):
        requests.get(logged.operations + path, timeout=5)
    assert len(walk.ids) > 70 and len(set(walk.ids)) == len(walk.ids)
    eventually(lambda: all(f'"{id}"' in logged.text() for id in walk.ids))
    found = [entry["request_id"] for entry in logged.entries()]
    assert len(set(found)) == len(found) and set(walk.ids) <= set(found)
    text = logged.text()
    EVIDENCE.text("access log", text)
    for secret in [client.key, *(key[1] for key in logged.signing_keys)]:
        assert secret not in text
    assert MARK.lower() not in text.lower()
    for never in ("?", "X-Amz", "http://", "Bearer", "sk_", "127.0.0.1", "file_0", ".png", "image/"):
        assert never not in text, never


def test_the_shape_of_every_line(logged, client):
    client.upload(b"data")
    for entry in logged.entries():
        assert datetime.datetime.fromisoformat(entry["time"]).utcoffset() == datetime.timedelta(0)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
        assert IDS.fullmatch(entry["request_id"]) and entry["origin"] in ("api", "storage")
        assert entry["status"] is None or 100 < entry["status"] < 600
        assert all(type(entry[name]) is int and entry[name] >= 0 for name in ("bytes_received", "bytes_sent"))
        assert type(entry["duration_seconds"]) is float and 0 <= entry["duration_seconds"] < 60
        assert type(entry["complete"]) is bool


def shown(entry):
    names = ("origin", "route", "status", "bytes_received", "bytes_sent", "organization", "key_id", "complete")
    return {name: entry[name] for name in names}


def test_an_upload_and_a_download(logged, client):
    data, access_key = os.urandom(300_000), logged.signing_keys[0][0]
    declared = client.post(
        "/v1/files/upload", json={"filename": "a.png", "content_type": "image/png", "size_bytes": len(data)}
    )
    EVIDENCE.signature_of(declared.text)
    ticket = declared.json()
    sent = put(ticket["upload_url"], data)
    read = http("GET", client.url(ticket["file_id"]))
    part = http("GET", client.url(ticket["file_id"]), headers={"Range": "bytes=0-99"})
    through = client.get(f"/v1/files/{ticket['file_id']}/download")
    asked = len(declared.request.body)
    storage = {"origin": "storage", "organization": "acme", "key_id": access_key, "complete": True}
    api = {"origin": "api", "organization": "acme", "key_id": key_id(logged, client.key), "complete": True}
    upload, download = "PUT /uploads/{file_id}", "GET /files/{file_id}"
    expected = [
        (declared, api | line("POST /v1/files/upload", 200, asked, len(declared.content))),
        (sent, storage | line(upload, 200, len(data), 0)),
        (read, storage | line(download, 200, 0, len(data))),
        (part, storage | line(download, 206, 0, 100)),
        (through, api | line("GET /v1/files/{id}/download", 200, 0, len(data))),
    ]
    for response, fields in expected:
        assert shown(logged.entry(request_id(response))) == fields


def line(route, status, received, sent):
    return {"route": route, "status": status, "bytes_received": received, "bytes_sent": sent}


def test_rejections_name_no_key_that_was_not_verified(logged, client):
    url = client.url(client.upload(b"data"))
    forged = http("GET", url[:-1] + ("0" if url[-1] != "0" else "1"))
    entry = logged.entry(request_id(forged))
    assert (entry["status"], entry["organization"], entry["key_id"]) == (403, None, None)
    assert entry["bytes_sent"] == len(forged.content)
    unknown = http("GET", logged.api + "/v1/files", headers={"Authorization": "Bearer sk_" + "0" * 72})
    entry = logged.entry(request_id(unknown))
    assert (entry["status"], entry["organization"], entry["key_id"]) == (401, None, None)
    forbidden = client.get("/v1/keys")
    entry = logged.entry(request_id(forbidden))
    assert (entry["status"], entry["organization"]) == (403, "acme")
    assert entry["key_id"] == key_id(logged, client.key)


def test_what_is_cut_off_in_the_middle(logged, client):
    seen = {entry["request_id"] for entry in logged.entries()}
    url = client.url(client.upload(bytes(LARGE), "large.bin", "application/octet-stream"))
    with Held(logged.storage_address) as download:
        download.begin_download(url)
        id = re.search(rb"x-amz-request-id: ([0-9a-f]+)", download.buffer)[1].decode()
        download.reset()
    entry = logged.entry(id)
    assert (entry["status"], entry["complete"], entry["organization"]) == (200, False, "acme")
    assert 0 < entry["bytes_sent"] < LARGE
    ticket = client.mint(1_000_000)
    with Held(logged.storage_address) as upload:
        fields = ["Content-Type: image/png", "Content-Length: 1000000", "Expect: 100-continue"]
        upload.send(head("PUT", ticket["upload_url"], *fields))
        assert upload.response()[0] == 100
        upload.send(b"x" * 5000)
        upload.reset()
    with UnderWay(client, body=b"x" * 5000) as direct:
        direct.send(b"x" * 100)
        direct.reset()

    def cut_off():
        found = [entry for entry in logged.entries() if entry["request_id"] not in seen and not entry["complete"]]
        return [entry for entry in found if entry["route"] in ("PUT /uploads/{file_id}", "POST /v1/files")]

    eventually(lambda: len(cut_off()) == 2)
    by_origin = {entry["origin"]: entry for entry in cut_off()}
    assert by_origin["storage"]["status"] is None and by_origin["storage"]["bytes_received"] <= 5000
    assert by_origin["api"]["bytes_received"] <= 100
    assert {entry["organization"] for entry in by_origin.values()} == {"acme"}


@pytest.mark.parametrize("origin", ["api", "storage"])
def test_connections_over_the_limit_are_in_the_log(tmp_path, origin):
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with LoggedServer(tmp_path, "--connections-per-address=1") as server:
        address = address_of(server.urls[origin])
        with Connection(address) as first:
            first.send(request)
            first.response()
            status, fields, _ = exchange(address, request)
        assert status == 503 and server.entry(raw_id(fields))["status"] == 503


def test_the_file_is_the_owners_and_is_appended_to(tmp_path):
    old = '{"old":"line"}\n'
    with LoggedServer(tmp_path) as server:
        assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
        server.entry(request_id(server.client().get("/v1/files")))
    before = server.path.read_text()
    server.path.write_text(old + before)
    with LoggedServer(tmp_path) as server:
        server.entry_of = request_id(server.client().get("/v1/files"))
        server.stop()
        text = server.text()
    assert text.startswith(old + before)
    assert [entry["request_id"] for entry in entries(text.removeprefix(old + before))] == [server.entry_of]


def test_the_last_lines_are_written_at_the_stop(tmp_path):
    with LoggedServer(tmp_path) as server:
        client = server.client()
        ids = [request_id(client.get("/v1/files")) for _ in range(200)]
        assert server.stop() == 0
        assert [entry["request_id"] for entry in server.entries()] == ids


def test_a_rotated_file_is_opened_again(tmp_path):
    with LoggedServer(tmp_path) as server:
        client = server.client()
        first = request_id(client.get("/v1/files"))
        server.entry(first)
        rotated = server.path.rename(tmp_path / "access.log.1")
        second = request_id(client.get("/v1/files"))
        eventually(lambda: second in rotated.read_text())
        server.process.send_signal(1)
        eventually(server.path.exists)
        third = request_id(client.get("/v1/files"))
        assert server.entry(third)["status"] == 200
        assert {first, second} <= set(re.findall(r"[0-9a-f]{16}", rotated.read_text()))
        assert third not in rotated.read_text()
        assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
        # A directory in the place of the file: the old file goes on.
        server.path.rename(tmp_path / "access.log.2")
        server.path.mkdir()
        server.process.send_signal(1)
        eventually(lambda: "Access log cannot be reopened" in server.logged())
        fourth = request_id(client.get("/v1/files"))
        eventually(lambda: fourth in (tmp_path / "access.log.2").read_text())


def test_standard_output(tmp_path):
    with Server("--access-log=-") as server:
        id = request_id(server.client().get("/v1/files"))
        eventually(lambda: any(id in line for line in server.output))
        [entry] = [json.loads(line) for line in server.output if id in line]
        assert entry["route"] == "GET /v1/files"


class NonBlockingOutput(Server):
    """Its standard output is a pipe that somebody else has made non-blocking, and that is read later."""

    def __init__(self, *options):
        self.goes_on = threading.Event()
        super().__init__(*options)

    def spawn(self, line):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        process = subprocess.Popen(line, stdout=writing, stderr=self.log, text=True)
        os.close(writing)
        process.stdout = os.fdopen(reading)
        return process

    def drain(self):
        self.goes_on.wait()
        super().drain()


def test_a_standard_output_that_does_not_block(tmp_path):
    with NonBlockingOutput("--access-log=-") as server:
        request = head("GET", server.storage + "/files/none")
        with Connection(server.storage_address) as connection:
            for _ in range(20):
                connection.send(request * 100)
                assert {connection.response()[0] for _ in range(100)} == {403}
        # The pipe has been full for long.
        server.goes_on.set()
        eventually(lambda: sum('"request_id"' in line for line in server.output) == 2_000)
        assert dropped(server) == 0 and server.logged().count("dropped") == 0


def test_without_the_option_there_is_no_log(tmp_path):
    with Server("--access-log=off") as server:
        client = server.client()
        id = request_id(client.get("/v1/files"))
        server.stop()
        assert id not in server.logged() and not any(id in line for line in server.output)


@pytest.mark.parametrize("kind", ["missing directory", "directory", "pipe without a reader", "socket"])
def test_a_log_that_cannot_be_opened_is_an_error(tmp_path, kind):
    path = tmp_path / "access.log"
    if kind == "missing directory":
        path = tmp_path / "missing" / "access.log"
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe without a reader":
        os.mkfifo(path)
    else:
        socket.socket(socket.AF_UNIX).bind(str(path))
    options = [f"--{name}-address=127.0.0.1:0" for name in ("api", "storage", "operations")]
    line = [BINARY, "serve", "--data-dir", str(tmp_path / "data"), f"--access-log={path}", *options]
    result = subprocess.run(line, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and f"access-log {path} cannot be written: " in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_log_inside_a_new_data_directory(tmp_path):
    path = tmp_path / "data" / "access.log"
    for _ in range(2):
        with Server(f"--access-log={path}", data_dir=tmp_path / "data") as server:
            id = request_id(server.client().get("/v1/files"))
        assert id in path.read_text()


@pytest.mark.parametrize("exists", [True, False])
def test_a_log_inside_a_new_data_directory_by_another_path(tmp_path, exists):
    if exists:
        (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    for _ in range(2):
        with Server(f"--access-log={tmp_path}/link/./data/access.log", data_dir=tmp_path / "data") as server:
            id = request_id(server.client().get("/v1/files"))
        assert id in (tmp_path / "data" / "access.log").read_text()


def dropped(server):
    return value(server.metrics(), "cloakroom_access_log_dropped_lines_total")


def test_a_full_disk_drops_lines_and_says_so(tmp_path):
    with Server("--access-log=/dev/full") as server:
        client = server.client()
        assert [client.get("/v1/files").status_code for _ in range(20)] == [200] * 20
        eventually(lambda: dropped(server) == 20)
        warnings = [line for line in server.logged().splitlines() if "Access log lines are dropped" in line]
        assert len(warnings) == 1 and "No space left on device" in warnings[0]


def test_a_reader_that_has_stopped_holds_nothing_up(tmp_path):
    """A pipe takes 64 KiB, and 4 MiB wait in memory; requests and the stop go on."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with Server(f"--access-log={path}") as server:
        fields = f"Authorization: Bearer {server.client().key}"
        request = head("GET", server.storage + "/files/none", fields)
        with Connection(server.storage_address) as connection:
            rounds = 0
            while rounds < 1000 and dropped(server) == 0:
                connection.send(request * 100)
                assert {connection.response()[0] for _ in range(100)} == {403}
                rounds += 1
        assert dropped(server) > 0
        before = server.resident_kilobytes()
        assert before < 1_000_000
        assert len([line for line in server.logged().splitlines() if "Access log lines are dropped" in line]) == 1
        assert server.stop() == 0
    os.close(reader)
