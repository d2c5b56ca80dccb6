"""Builds the stores that the damage matrix damages: each with copies from earlier moments, and another store."""

import contextlib
import dataclasses
import pathlib
import pickle
import random
import signal
import subprocess

import requests
from cloakroom import Server, command
from damage import place
from damage_ledger import File, Ledger, path_and_query, without_last_use

# URLs stay right across restarts on other ports, and nothing reads bodies but who asks for them.
OPTIONS = ("--storage-url=http://storage.test", "--scrub-period-days=0")
ORGANIZATION = "acme"
# One in a pack, one that takes several of its pages, one in a file of its own.
TINY, SMALL, LARGE = 700, 9_000, 70_000


@dataclasses.dataclass
class Moment:
    """A store as an end of its server left it, and what may be put in the place of its parts."""

    name: str
    store: pathlib.Path
    # The same store after its first run, and amid its last one.
    earlier_run: pathlib.Path
    same_run: pathlib.Path
    other: pathlib.Path
    ledger: Ledger


def copy(source, target):
    """Copies a tree or file with its holes and times."""
    subprocess.run(["cp", "-a", "--sparse=always", source, target], check=True)


class Builder:
    """Fills a store over two runs of its server, and notes what was acknowledged."""

    def __init__(self, path, seed):
        self.path = path
        self.random = random.Random(seed)
        self.ledger = Ledger(ORGANIZATION)
        self.path.mkdir(parents=True)
        self.server = Server(*OPTIONS, data_dir=path / "store")
        self.client = self.server.client(ORGANIZATION)
        self.ledger.key = self.client.key

    def build(self, end, between=lambda: None):
        """Fills the store; the last run ends with a signal."""
        limits = ["--max-files=5000", "--max-bytes=100000000"]
        command("organizations", "set", ORGANIZATION, *limits, data_dir=self.server.data_dir)
        revoked = self.server.key(ORGANIZATION)
        self.first_run()
        self.revoke(revoked)
        self.server.stop()
        copy(self.server.data_dir, self.path / "earlier-run")
        self.server.start()
        later = self.server.key(ORGANIZATION)
        self.last_run()
        copy(self.server.data_dir, self.path / "same-run")
        between()
        self.end_of_last_run()
        self.revoke(later)
        self.note()
        # A probe commits, too: its page may be one that the database has.
        assert requests.get(self.server.operations + "/readyz", timeout=10).status_code == 200
        self.server.stop(end)

    def first_run(self):
        doomed = [self.declared(SMALL), self.direct(LARGE)]
        for size in (TINY, SMALL, SMALL, LARGE, LARGE):
            self.declared(size)
        self.direct(SMALL)
        self.pending(SMALL)
        for file in doomed:
            self.delete(file)

    def last_run(self):
        small, _, _, large = [file for file in self.ledger.of("ready") if len(file.data) >= SMALL][:4]
        for size in (TINY, SMALL, SMALL, LARGE, LARGE):
            self.declared(size)
        self.direct(SMALL)
        self.direct(LARGE)
        self.direct(SMALL, key="direct, small")
        self.pending(SMALL)
        self.pending(TINY, key="declared, before")
        self.revoke_urls(self.ledger.of("ready")[-1])
        for file in (small, large):
            self.delete(file)

    def end_of_last_run(self):
        small, large = [file for file in self.ledger.of("ready") if file.name.startswith("declared")][-3:-1]
        for size in (SMALL, LARGE, TINY):
            self.declared(size)
        self.direct(TINY)
        self.direct(LARGE)
        self.pending(LARGE)
        self.pending(SMALL, key="declared, last")
        self.revoke_urls(self.ledger.of("ready")[-3])
        for file in (small, large):
            self.delete(file)

    # What clients do.

    def add(self, kind, size):
        name = f"{kind}-{len(self.ledger.files):02}-{self.random.getrandbits(32):08x}.png"
        file = File("", name, "image/png", self.random.randbytes(size), "pending")
        self.ledger.files.append(file)
        return file

    def declare(self, file, key):
        body = {"filename": file.name, "content_type": file.type, "size_bytes": len(file.data)}
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.client.post("/v1/files/upload", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        file.id, file.upload_url = answer.json()["file_id"], path_and_query(answer.json()["upload_url"])
        if key:
            self.ledger.repetitions[key] = (body, file.id)

    def declared(self, size):
        """Uploads in two steps."""
        file = self.add("declared", size)
        self.declare(file, None)
        url = self.server.storage + file.upload_url
        answer = requests.put(url, data=file.data, headers={"Content-Type": file.type}, timeout=60)
        assert answer.status_code == 200, answer.text
        file.state = "ready"
        return file

    def direct(self, size, key=None):
        """Uploads in one request."""
        file = self.add("direct", size)
        headers = {"Content-Type": file.type} | ({"Idempotency-Key": key} if key else {})
        answer = self.client.post(f"/v1/files?filename={file.name}", data=file.data, headers=headers)
        assert answer.status_code == 201, answer.text
        file.id, file.state = answer.json()["file_id"], "ready"
        return file

    def pending(self, size, key=None):
        self.declare(self.add("pending", size), key)

    def delete(self, file):
        file.download_url = path_and_query(self.client.url(file.id))
        assert self.client.delete(f"/v1/files/{file.id}").status_code == 204
        file.state = "deleted"

    def revoke_urls(self, file):
        file.download_url = path_and_query(self.client.url(file.id))
        assert self.client.post(f"/v1/files/{file.id}/revoke-urls").status_code == 204
        file.are_urls_revoked = True

    def revoke(self, key):
        lines = command("keys", "list", data_dir=self.server.data_dir).stdout.splitlines()
        [key_id] = [line.split("\t")[0] for line in lines if line.split("\t")[-1] == key[:11]]
        command("keys", "revoke", key_id, data_dir=self.server.data_dir)
        self.ledger.revoked_keys.append(key)

    # What they were told.

    def note(self):
        """Notes what the server says of it all, and makes sure that this is what was sent."""
        data_dir = self.server.data_dir
        for file in self.ledger.files:
            if file.state == "deleted":
                continue
            file.record = self.client.get(f"/v1/files/{file.id}").json()
            sent = (file.name, file.type, len(file.data), file.state, file.sha256 if file.state == "ready" else None)
            fields = ("filename", "content_type", "size_bytes", "status", "sha256")
            assert tuple(file.record[field] for field in fields) == sent
            if file.state == "ready":
                file.download_url = file.download_url or path_and_query(self.client.url(file.id))
                spot = place(data_dir, file.id)
                file.place = (str(spot.path.relative_to(data_dir)), spot.offset)
        lines = command("keys", "list", data_dir=data_dir).stdout.splitlines()
        self.ledger.keys = [without_last_use(line) for line in lines]
        self.ledger.organizations = command("organizations", "list", data_dir=data_dir).stdout.splitlines()
        files, size = self.ledger.usage()
        assert any(line.startswith(f"acme\t{files}\t{size}\t") for line in self.ledger.organizations)


def build_moment(directory, name, seed, between=lambda: None):
    """Builds a store that ends as the name says, and another one that is not related to it."""
    end = signal.SIGTERM if name == "stop" else signal.SIGKILL
    builders = [Builder(directory / name / part, f"{seed} {name} {part}") for part in ("this", "other")]
    for builder in builders:
        with contextlib.ExitStack() as stack:
            stack.callback(builder.server.stop, signal.SIGKILL)
            builder.build(end, between if builder is builders[0] else lambda: None)
    this, other = builders
    return Moment(
        name, this.path / "store", this.path / "earlier-run", this.path / "same-run", other.path / "store", this.ledger
    )


def build(directory, seed, names=("kill", "stop"), between=None):
    """Builds the stores of some moments, and keeps what is known of them beside them."""
    hooks = between or {}
    moments = [build_moment(directory, name, seed, hooks.get(name, lambda: None)) for name in names]
    (directory / "moments.pickle").write_bytes(pickle.dumps(moments))
    return moments


def load(directory):
    """The moments that were built in a directory before."""
    return pickle.loads((directory / "moments.pickle").read_bytes())
