"""Starts the real binary on free ports, and keeps what it prints."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import xml.etree.ElementTree


import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Taken out of the environment: the program warns about variables that it does not know.
BINARY = os.environ.pop("CLOAKROOM_BINARY", str(ROOT / ".build/release/cloakroom"))
KEY = re.compile(r"sk_[0-9a-f]{72}")


class Evidence:
    """What must not leak, and every place it could have leaked to."""

    def __init__(self):
        self.secrets = set()
        self.texts = []
        self.lock = threading.Lock()

    def secret(self, value):
        with self.lock:
            self.secrets.add(value)

    def text(self, source, value):
        with self.lock:
            self.texts.append((source, value))

    def signature_of(self, url):
        match = re.search(r"X-Amz-Signature=([0-9a-f]{64})", url)
        if match:
            self.secret(match[1])


EVIDENCE = Evidence()


def command(*arguments, data_dir=None, check=True, env=None):
    """Runs a command of the binary to its end."""
    line = [BINARY, *arguments] + (["--data-dir", str(data_dir)] if data_dir else [])
    result = subprocess.run(line, capture_output=True, text=True, timeout=30, env={**os.environ, **(env or {})})
    EVIDENCE.text("stderr of " + " ".join(arguments[:2]), result.stderr)
    for key in KEY.findall(result.stdout):
        EVIDENCE.secret(key)
    if check:
        assert result.returncode == 0, result.stderr
    return result


class Server:
    """A running server, with its own data directory unless one is given."""

    def __init__(self, *options, data_dir=None, wait=True):
        self.directory = tempfile.TemporaryDirectory(prefix="cloakroom-") if data_dir is None else None
        self.data_dir = pathlib.Path(data_dir or self.directory.name) / ("data" if data_dir is None else "")
        self.options = options
        self.log = tempfile.TemporaryFile("w+")
        self.start(wait)

    def start(self, wait=True):
        addresses = [f"--{name}-address=127.0.0.1:0" for name in ("api", "storage", "operations")]
        self.started_at = time.monotonic()
        self.process = self.spawn([BINARY, "serve", "--data-dir", str(self.data_dir), *addresses, *self.options])
        self.urls = {}
        while wait and len(self.urls) < 3:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the server ended with {self.process.wait()}: {self.logged()}")
            name, _, url = line.strip().partition(" ")
            self.urls[name] = url
        self.ready_after = time.monotonic() - self.started_at
        self.output = []
        self.reader = threading.Thread(target=self.drain, daemon=True)
        self.reader.start()
        self.read_signing_keys()

    def spawn(self, line):
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def drain(self):
        for line in self.process.stdout:
            self.output.append(line)
            for key in KEY.findall(line):
                EVIDENCE.secret(key)

    def read_signing_keys(self):
        path = self.data_dir / "signing-keys"
        if path.exists():
            lines = path.read_text().splitlines()
            self.signing_keys = [line.split() for line in lines if not line.startswith("#")]
            for _, secret, _ in self.signing_keys:
                EVIDENCE.secret(secret)

    @property
    def api(self):
        return self.urls["api"]

    @property
    def storage(self):
        return self.urls["storage"]

    @property
    def operations(self):
        return self.urls["operations"]

    @property
    def storage_address(self):
        host, _, port = self.storage.removeprefix("http://").rpartition(":")
        return host, int(port)

    def key(self, organization="default", *permissions, gateway=False):
        owner = ["--gateway"] if gateway else ["--organization", organization]
        options = [part for permission in permissions for part in ("--permission", permission)]
        return command("keys", "create", *owner, *options, data_dir=self.data_dir).stdout.strip()

    def client(self, organization="default", *permissions, gateway=False):
        return Client(self, self.key(organization, *permissions, gateway=gateway))

    def resident_kilobytes(self, field="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", status)[1])

    def metrics(self):
        text = requests.get(self.operations + "/metrics", timeout=10).text
        EVIDENCE.text("metrics", text)
        return text

    def logged(self):
        # Opened anew: the server writes where this file's own position is.
        with open(f"/proc/self/fd/{self.log.fileno()}") as log:
            return log.read()

    def stop(self, how=signal.SIGTERM, timeout=20):
        if self.process.poll() is None:
            if how == signal.SIGTERM:
                with contextlib.suppress(requests.ConnectionError):
                    self.metrics()
            self.process.send_signal(how)
        code = self.process.wait(timeout)
        self.reader.join(5)
        EVIDENCE.text("log", self.logged())
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        if self.directory:
            self.directory.cleanup()


class Client:
    """An organization's client: `requests` with its key."""

    def __init__(self, server, key):
        self.server = server
        self.key = key
        self.session = Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def request(self, method, path, **options):
        return self.session.request(method, self.server.api + path, timeout=60, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def mint(self, size, filename="photo.png", content_type="image/png", **fields):
        body = {"filename": filename, "content_type": content_type, "size_bytes": size, **fields}
        response = self.post("/v1/files/upload", json=body)
        assert response.status_code == 200, response.text
        EVIDENCE.signature_of(response.text)
        return response.json()

    def upload(self, data, filename="photo.png", content_type="image/png", **fields):
        """Uploads in two steps; returns the file id."""
        ticket = self.mint(len(data), filename, content_type, **fields)
        response = put(ticket["upload_url"], data, content_type)
        assert response.status_code == 200, response.text
        return ticket["file_id"]

    def url(self, file_id):
        """A presigned GET URL."""
        response = self.get(f"/v1/files/{file_id}/download", headers={"Accept": "application/json"})
        assert response.status_code == 200, response.text
        EVIDENCE.signature_of(response.text)
        return response.json()["url"]


class Session(requests.Session):
    """Keeps every error answer as evidence."""

    def send(self, request, **options):
        EVIDENCE.signature_of(request.url)
        response = super().send(request, **options)
        if response.status_code >= 400:
            EVIDENCE.text(f"answer {response.status_code}", response.text + str(response.headers))
        return response


def http(method, url, **options):
    """One request on a connection of its own."""
    with Session() as session:
        return session.request(method, url, timeout=120, **options)


def put(url, data, content_type="image/png", **headers):
    fields = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return http("PUT", url, data=data, headers=fields)


def element(response, name):
    """The text of an element of an error document."""
    return xml.etree.ElementTree.fromstring(response.content).findtext(name)


def error_code(response):
    return element(response, "Code")
