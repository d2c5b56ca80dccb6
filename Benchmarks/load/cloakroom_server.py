"""Cloakroom on free ports."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

from directories import fresh, set_aside
from exchange import exchange
from processes import Child
from server import Server, contents, upload_all

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY_VARIABLE = "CLOAKROOM_BINARY"
CONTENT_TYPE = "application/octet-stream"


def binary():
    """Returns the path of the binary."""
    return os.environ.get(BINARY_VARIABLE, str(ROOT / ".build/release/cloakroom"))


def keep_binary(directory):
    """Makes a copy of the binary the one that is used: a build meanwhile must not change what is measured."""
    os.environ[BINARY_VARIABLE] = shutil.copy(binary(), f"{directory}/binary")


class CloakroomServer(Server):
    """Cloakroom with its defaults."""

    name = "cloakroom"
    upload_headers = {"Content-Type": CONTENT_TYPE}
    # Another binary, and options of `serve`.
    path, options = None, ()

    def __init__(self, directory, data=None):
        """Takes the directory, and the data directory where that is another one."""
        super().__init__(directory)
        self.data = pathlib.Path(data or self.directory / "data")
        self.file_ids = []

    def start(self):
        """Starts the server, and waits until it listens."""
        addresses = [f"--{name}-address=127.0.0.1:0" for name in ("api", "storage", "operations")]
        started_at = time.monotonic()
        command = [self.path or binary(), "serve", "--data-dir", self.data, *addresses, *self.options]
        self.child = Child(command, self.directory / "cloakroom.log", stdout=subprocess.PIPE)
        urls = {}
        while len(urls) < 3:
            line = self.child.process.stdout.readline()
            if not line:
                raise RuntimeError(f"cloakroom ended:\n{self.child.tail()}")
            name, _, url = line.strip().partition(" ")
            urls[name] = urllib.parse.urlsplit(url)
        self.ready_after = time.monotonic() - started_at
        threading.Thread(target=self.child.process.stdout.read, daemon=True).start()
        self.api = urls["api"].hostname, urls["api"].port
        self.address = urls["storage"].hostname, urls["storage"].port
        self.key = self.command("keys", "create", "--organization", "default", "--data-dir", self.data)
        self.api_headers = {"Authorization": f"Bearer {self.key}"}

    def stop(self):
        """Ends the server."""
        if hasattr(self, "child"):
            self.child.stop()

    def pids(self):
        """Returns its processes."""
        return self.child.pids()

    def log_tail(self):
        """Returns the end of its log."""
        return self.child.tail()

    @classmethod
    def command(cls, *arguments):
        """Runs a command of the binary; returns what it prints."""
        line = [cls.path or binary(), *map(str, arguments)]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()

    @classmethod
    def version(cls):
        """Returns the version that the binary prints."""
        return cls.command("version")

    def request(self, method, target, body=b"", **fields):
        """Returns a whole request to the API as bytes."""
        headers = {"Host": "%s:%d" % self.api, **self.api_headers, **fields}
        if body:
            headers |= {"Content-Type": "application/json", "Content-Length": len(body)}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body

    def prepare_files(self, size, count):
        """Uploads files, each with one request."""
        url = "http://%s:%d/v1/files?filename=file.bin" % self.api
        headers = {**self.api_headers, "Content-Type": CONTENT_TYPE}
        answers = upload_all("POST", [url] * count, contents(size, count), headers)
        self.file_ids = [answer.json()["file_id"] for answer in answers]

    def download_targets(self):
        """Mints a URL for every file."""
        paths = [f"/v1/files/{file_id}/download" for file_id in self.file_ids]
        requests_ = [self.request("GET", path, Accept="application/json") for path in paths]
        return [target_of(answer["url"]) for answer in exchange(self.api, requests_)]

    def direct_targets(self):
        """Returns the API's paths that answer with the bytes."""
        return [f"/v1/files/{file_id}/download" for file_id in self.file_ids]

    def declaration(self, size):
        """Returns the body of a request for an upload URL."""
        return json.dumps({"filename": "file.bin", "content_type": CONTENT_TYPE, "size_bytes": size}).encode()

    def upload_targets(self, size, count):
        """Mints upload URLs."""
        request = self.request("POST", "/v1/files/upload", self.declaration(size))
        return [target_of(answer["upload_url"]) for answer in exchange(self.api, [request] * count)]

    def discard_uploads(self):
        """Starts anew with an empty data directory."""
        self.stop()
        set_aside(self.data)
        fresh(self.data)
        self.start()


@contextlib.contextmanager
def started(work_dir=None):
    """Starts a server in a temporary directory, on a copy of the binary, and ends it."""
    with tempfile.TemporaryDirectory(dir=work_dir) as directory:
        keep_binary(directory)
        server = CloakroomServer(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def target_of(url):
    """Returns the path and query of a URL."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{parts.query}"
