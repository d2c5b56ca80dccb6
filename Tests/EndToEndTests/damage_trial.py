"""A start of the server on a damaged store, and plain requests to it."""

import contextlib
import http.client
import signal
import subprocess
import threading

from cloakroom import BINARY, EVIDENCE, KEY
from damage_store import OPTIONS

# Whatever takes longer is no refusal "within seconds".
START_LIMIT = 20
STOP_LIMIT = 20


class Answer:
    """A whole answer; status 0 where the connection broke before its end."""

    def __init__(self, status, body=b"", headers=None):
        self.status, self.body, self.headers = status, body, headers or {}


class Trial:
    """A server that was started on a data directory, if it starts there."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.log_path = data_dir.with_name(data_dir.name + ".log")
        addresses = [f"--{name}-address=127.0.0.1:0" for name in ("api", "storage", "operations")]
        with self.log_path.open("w") as log:
            line = [BINARY, "serve", "--data-dir", data_dir, *addresses, *OPTIONS]
            self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, text=True)
        self.addresses, self.connections = {}, {}
        with self.limit(START_LIMIT):
            self.read_addresses()
        self.is_up = len(self.addresses) == 3
        self.code = None if self.is_up else self.process.wait()

    @contextlib.contextmanager
    def limit(self, seconds):
        """Kills the server if something takes longer."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def read_addresses(self):
        while len(self.addresses) < 3 and (line := self.process.stdout.readline()):
            name, _, url = line.strip().partition(" http://")
            self.addresses[name] = url

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        """Stops the server; returns its exit code."""
        for connection in self.connections.values():
            connection.close()
        if self.code is None:
            self.process.send_signal(signal.SIGTERM)
            with self.limit(STOP_LIMIT):
                rest, _ = self.process.communicate()
            for key in KEY.findall(rest):
                EVIDENCE.secret(key)
            self.code = self.process.returncode
        self.process.stdout.close()
        EVIDENCE.text("log", self.log)
        return self.code

    # Requests.

    def api(self, method, path, key, body=None, headers=None):
        return self.request("api", method, path, body, {"Authorization": f"Bearer {key}"} | (headers or {}))

    def storage(self, method, path, body=None, headers=None):
        return self.request("storage", method, path, body, headers or {})

    def is_ready(self):
        return self.request("operations", "GET", "/readyz", None, {})

    def request(self, origin, method, path, body, headers):
        connection = self.connections.get(origin)
        if connection is None:
            connection = self.connections[origin] = http.client.HTTPConnection(self.addresses[origin], timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.headers)
        except (OSError, http.client.HTTPException):
            connection.close()
            return Answer(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run(data_dir, *arguments):
    """Runs a command to its end; returns its exit code, and what it printed."""
    line = [BINARY, *arguments, "--data-dir", str(data_dir)]
    result = subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=60)
    return result.returncode, result.stdout, result.stderr
