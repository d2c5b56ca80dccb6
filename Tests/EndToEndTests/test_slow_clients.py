"""Hundreds of slow clients at once, from slowhttptest: the server ends them, and others do not notice."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time

import pytest
import requests
from cloakroom import Server, http, put
from test_operations import value

CONNECTIONS = 300
# Longer than every limit of the server: who ends the connections before is the server.
SECONDS = 150
# Connections that ordinary clients may have.
FEW = 20
SIZE = 100_000


def slow_headers(server, client):
    return ["-H", "-u", client.url(client.upload(b"x"))]


def slow_api_headers(server, client):
    return ["-H", "-u", server.api + "/v1/files"]


def slow_body(server, client):
    return ["-B", "-t", "PUT", "-f", "image/png", "-s", str(SIZE), "-u", client.mint(SIZE)["upload_url"]]


def slow_read(server, client):
    large = client.url(client.upload(os.urandom(20_000_000)))
    return ["-X", "-w", "16", "-y", "512", "-n", "2", "-z", "32", "-u", large]


# What is attacked, the options that do so, and those of the server: readers that pause are let be longer by default.
ATTACKS = {
    "slow headers": ("storage", slow_headers),
    "slow body": ("storage", slow_body),
    "slow read": ("storage", slow_read, "--download-stall-seconds", "20"),
    "slow headers of the API": ("api", slow_api_headers),
}


class Attack:
    """A server under attack, and a client that goes on using it."""

    def __init__(self, origin, options, *server_options):
        self.origin = origin
        self.options = options
        self.server_options = server_options
        self.rounds = 0
        self.failures = []
        self.most = 0
        self.ended_after = None
        self.stopping = threading.Event()

    def __enter__(self):
        self.server = Server(*self.server_options).__enter__()
        self.client = self.server.client()
        common = ["-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-i", "3", "-l", str(SECONDS)]
        options = self.options(self.server, self.client)
        self.output = tempfile.TemporaryFile("w+", errors="replace")
        self.started_at = time.monotonic()
        self.tool = subprocess.Popen(
            ["slowhttptest", *common, *options], stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT
        )
        self.threads = [threading.Thread(target=self.repeat, args=(step,)) for step in (self.use, self.look)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.tool.terminate()
        self.tool.wait()
        self.output.close()
        self.server.__exit__()

    def repeat(self, step):
        while not self.stopping.wait(0.1):
            try:
                step()
            except Exception as failure:  # the test that waits for this attack reports it
                self.failures.append(repr(failure))

    def use(self):
        """What an ordinary client does; each request but those to the API on a connection of its own."""
        data = os.urandom(4_096)
        ticket = self.client.mint(len(data))
        assert put(ticket["upload_url"], data).status_code == 200
        assert http("GET", self.client.url(ticket["file_id"])).content == data
        assert http("GET", self.server.api + "/openapi.yaml").status_code == 200
        self.rounds += 1

    def look(self):
        """How many connections are open."""
        text = requests.get(self.server.operations + "/metrics", timeout=10).text
        count = value(text, "cloakroom_open_connections", origin=self.origin)
        self.most = max(self.most, count)
        if self.ended_after is None and self.most >= CONNECTIONS and count <= FEW:
            self.ended_after = time.monotonic() - self.started_at

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def said(self):
        self.output.seek(0)
        return self.output.read()[-2_000:]


@pytest.fixture(scope="module")
def attacks():
    """All of them at once, each on a server of its own: most of the time is spent waiting for the limits."""
    if shutil.which("slowhttptest") is None:
        pytest.skip("SKIPPED LOUDLY: slow clients cannot be tested without slowhttptest (apt-get install slowhttptest)")
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(Attack(*attack)) for name, attack in ATTACKS.items()}


def wait_until(condition, what, attack):
    deadline = time.monotonic() + SECONDS + 30
    while not condition():
        assert time.monotonic() < deadline, f"{what}; {attack.most} connections at most\n{attack.said()}"
        time.sleep(0.2)


@pytest.mark.parametrize("name", ATTACKS)
def test_slow_clients_are_ended_and_harm_nobody(attacks, name):
    attack = attacks[name]
    wait_until(lambda: attack.ended_after is not None, "the slow connections are still open", attack)
    assert attack.ended_after < SECONDS - 10, "slowhttptest, not the server, has ended the connections"
    rounds = attack.rounds
    wait_until(lambda: attack.rounds > rounds, "the ordinary client does not get on", attack)
    attack.stop()
    assert attack.failures == []
    peak = attack.server.resident_kilobytes("VmHWM")
    print(f"{name}: {attack.rounds} rounds of an ordinary client beside it; peak memory {peak / 1024:.0f} MiB")
    assert peak < 300 * 1024
    assert "Request failed" not in attack.server.logged()


def test_a_url_that_slow_bodies_came_to_still_works(attacks):
    """Nothing of what the slow clients sent is kept."""
    attack = attacks["slow body"]
    wait_until(lambda: attack.ended_after is not None, "the slow connections are still open", attack)
    [url] = [option for option in attack.tool.args if "/uploads/" in option]
    file_id = url.partition("/uploads/")[2].partition("?")[0]
    assert attack.client.get(f"/v1/files/{file_id}").json()["status"] == "pending"
    data = os.urandom(SIZE)
    assert put(url, data).status_code == 200
    assert http("GET", attack.client.url(file_id)).content == data
