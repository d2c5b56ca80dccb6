"""Kills the real server under load, again and again, and holds it to everything that it acknowledged.

The ledger is outside the server's process. A request is noted before it is sent, and again once its whole answer has
been read. What became of a request without an answer is open until the next start; then it has happened or it has not.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import hashlib
import hmac
import http.client
import itertools
import json
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from cloakroom import Server

THREADS = 16
KILL_AFTER = (0.2, 1.5)  # seconds of load
KILL_START_AFTER = (0, 0.05)  # seconds from the process's start
START_LIMIT = 120  # seconds
ANSWER_LIMIT = 30  # seconds
SAMPLE = 200  # files that no request of the round was about
CONTENT_TYPE = "application/octet-stream"
PACKED = 65_536
# Weight, smallest and largest size in bytes.
SIZES = [
    (5, 1, 1),
    (67, 1_024, PACKED),
    (5, PACKED, PACKED),
    (8, PACKED + 1, PACKED + 1),
    (11, 307_200, 307_200),
    (4, 1_048_576, 3_145_728),
]
# Ports change with every start; the URLs of a round before go on working, because the public URL stays.
STORAGE_HOST = "storage.example"
OPTIONS = [f"--storage-url=http://{STORAGE_HOST}", "--url-lifetime-seconds=604800"]


class Broken(Exception):
    """The connection ended before a whole answer had come."""


Answer = collections.namedtuple("Answer", "status content")


@dataclasses.dataclass(eq=False)
class File:
    """What was sent of a file, and what was acknowledged."""

    name: str
    size: int
    sha256: str
    is_direct: bool
    # A direct upload's digest is declared with its row.
    declares_digest: bool
    key: str | None
    id: str | None = None
    is_ready: bool = False
    deletion_begun: bool = False
    is_deleted: bool = False
    # Requests that change it and have no answer.
    under_way: list = dataclasses.field(default_factory=list)
    upload_url: str | None = None
    download_url: str | None = None

    def statuses(self, usual, was_deleted=False):
        """What an answer may be now, if the deletion was or was not acknowledged before its request was sent."""
        return ([] if was_deleted else [usual]) + ([404] if self.deletion_begun else [])


class Ledger:
    """Every file that was ever sent, a log to which lines are only added, and what was found to be wrong."""

    def __init__(self, path, seed):
        self.seed = seed
        self.files = {}
        self.touched = set()
        self.totals = collections.Counter()
        self.violations = []
        self.numbers = itertools.count()
        self.noise = random.Random(seed).randbytes(2 * SIZES[-1][2])
        self.lock = threading.Lock()
        self.log = open(path, "ab", buffering=0)

    def new(self, rng):
        """Thinks of a file that nobody has sent."""
        number = next(self.numbers)
        [(_, low, high)] = rng.choices(SIZES, [weight for weight, _, _ in SIZES])
        key = f"kill {self.seed} {number}" if rng.random() < 0.4 else None
        is_direct, declares_digest = rng.random() < 0.3, rng.random() < 0.3
        file = File(f"{number}.bin", rng.randint(low, high), "", is_direct, is_direct or declares_digest, key)
        file.sha256 = hashlib.sha256(self.body(file)).hexdigest()
        self.files[file.name] = file
        return file

    def body(self, file):
        """A file's bytes, which follow from the seed and its name."""
        prefix = hashlib.sha256(f"{self.seed} {file.name}".encode()).digest()
        offset = int.from_bytes(prefix[:8], "big") % (len(self.noise) // 2)
        return (prefix + self.noise[offset : offset + file.size])[: file.size]

    @contextlib.contextmanager
    def sending(self, file, what):
        """Notes a request before it is sent, and its answer; without an answer it stays under way."""
        self.touched.add(file)
        file.under_way.append(what)
        self.note("sent", what, file, key=file.key, size=file.size, sha256=file.sha256)
        yield
        self.note("answered", what, file, is_ready=file.is_ready, is_deleted=file.is_deleted)
        file.under_way.remove(what)

    def note(self, event, what, file, **fields):
        line = {"at": time.time(), "event": event, "what": what, "file": file and file.name, "id": file and file.id}
        self.log.write((json.dumps({**line, **fields}) + "\n").encode())

    def count(self, what):
        with self.lock:
            self.totals[what] += 1

    def sealed(self, file):
        """Counts an acknowledged upload; its repetition is none."""
        with self.lock:
            self.totals["uploads"] += not file.is_ready
            file.is_ready = True

    def violation(self, file, text):
        self.note("violation", text, file)
        self.violations.append((file.name if file else "", text))


class Client:
    """One thread's connections. Every answer is held to what it may be."""

    def __init__(self, server, key, ledger, seed):
        self.ledger = ledger
        self.random = random.Random(seed)
        self.authorization = f"Bearer {key}"
        self.signing_key = server.signing_keys[0]
        self.origins = {
            name: http.client.HTTPConnection(server.urls[name].removeprefix("http://"), timeout=ANSWER_LIMIT)
            for name in ("api", "storage")
        }
        self.sent_at = 0

    def close(self):
        for connection in self.origins.values():
            connection.close()

    def exchange(self, origin, method, target, body, headers):
        connection = self.origins[origin]
        self.sent_at = time.monotonic()
        try:
            # The answer to a body that is refused may be there although the body could not be sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Broken(f"{method} {target.partition('?')[0]}: {error!r}") from error

    def api(self, method, path, body=None, key=None, **headers):
        headers["Authorization"] = self.authorization
        if key:
            headers["Idempotency-Key"] = key
        return self.exchange("api", method, path, body, headers)

    def storage(self, method, url, body=None):
        headers = {} if body is None else {"Content-Type": CONTENT_TYPE}
        return self.exchange("storage", method, url.removeprefix(f"http://{STORAGE_HOST}"), body, headers)

    def holds(self, file, what, answer, statuses):
        """Whether an answer is one that may be."""
        if answer.status in statuses:
            return True
        self.ledger.violation(file, f"{what} got {answer.status} instead of {statuses}: {answer.content[:200]!r}")
        return False

    def name(self, file, answered):
        """Holds a file's id to the one that an answer gave before, if one did."""
        if file.id not in (None, answered):
            self.ledger.violation(file, f"the same request gave {answered}, and {file.id} before")
        file.id = file.id or answered

    def compare(self, file, what, content):
        """Holds bytes that were read to those that were sent."""
        if hashlib.sha256(content).hexdigest() != file.sha256:
            self.ledger.violation(file, f"{what} gave {len(content)} bytes that are not the {file.size} sent")

    # Requests that change something.

    def declare(self, file):
        fields = {"filename": file.name, "content_type": CONTENT_TYPE, "size_bytes": file.size}
        if file.declares_digest:
            fields["sha256"] = file.sha256
        with self.ledger.sending(file, "declare"):
            answer = self.api("POST", "/v1/files/upload", json.dumps(fields), file.key)
            # A deleted file's key still names it.
            if self.holds(file, "declaring", answer, [200]):
                ticket = json.loads(answer.content)
                self.name(file, ticket["file_id"])
                file.upload_url = ticket["upload_url"]

    def renew(self, file):
        """Gets a pending file a fresh upload URL."""
        with self.ledger.sending(file, "renew"):
            answer = self.api("POST", f"/v1/files/{file.id}/upload-url")
            if self.holds(file, "renewing", answer, [200]):
                file.upload_url = json.loads(answer.content)["upload_url"]

    def put(self, file):
        was_deleted = file.is_deleted
        with self.ledger.sending(file, "put"):
            answer = self.storage("PUT", file.upload_url, self.ledger.body(file))
            if self.holds(file, "PUT", answer, file.statuses(200, was_deleted)) and answer.status == 200:
                self.ledger.sealed(file)

    def put_other(self, file):
        """Sends other bytes of the same length to a file that is sealed."""
        was_deleted = file.is_deleted
        body = self.ledger.body(file)
        with self.ledger.sending(file, "put other bytes"):
            answer = self.storage("PUT", file.upload_url, body[:-1] + bytes([body[-1] ^ 1]))
            statuses = file.statuses(400 if file.declares_digest else 409, was_deleted)
            self.holds(file, "PUT of other bytes", answer, statuses)

    def direct(self, file):
        was_deleted = file.is_deleted
        headers = {"Content-Type": CONTENT_TYPE}
        with self.ledger.sending(file, "direct"):
            answer = self.api("POST", f"/v1/files?filename={file.name}", self.ledger.body(file), file.key, **headers)
            if self.holds(file, "direct upload", answer, file.statuses(201, was_deleted)) and answer.status == 201:
                record = json.loads(answer.content)
                self.name(file, record["file_id"])
                if (record["status"], record["sha256"], record["size_bytes"]) != ("ready", file.sha256, file.size):
                    self.ledger.violation(file, f"the direct upload was answered with {record}")
                self.ledger.sealed(file)

    def again(self, file):
        """Repeats the request that has an idempotency key."""
        if file.is_direct:
            self.direct(file)
        else:
            self.declare(file)

    def delete(self, file):
        if file.is_ready and not file.download_url:
            self.mint(file)
        file.deletion_begun = True
        with self.ledger.sending(file, "delete"):
            answer = self.api("DELETE", f"/v1/files/{file.id}")
            if self.holds(file, "DELETE", answer, [204]):
                file.is_deleted = True
                self.ledger.count("deletions")

    # Requests that change nothing.

    def mint(self, file):
        """Gets a ready file's presigned URL."""
        was_deleted = file.is_deleted
        answer = self.api("GET", f"/v1/files/{file.id}/download", Accept="application/json")
        if self.holds(file, "minting", answer, file.statuses(200, was_deleted)) and answer.status == 200:
            file.download_url = json.loads(answer.content)["url"]

    def read(self, file):
        """Downloads a ready file from either origin."""
        if not file.download_url and self.random.random() < 0.5:
            self.mint(file)
        was_deleted, url = file.is_deleted, file.download_url
        if url and self.random.random() < 0.8:
            what, answer = "GET", self.storage("GET", url)
        else:
            what, answer = "the API's download", self.api("GET", f"/v1/files/{file.id}/download")
        if self.holds(file, what, answer, file.statuses(200, was_deleted)) and answer.status == 200:
            self.compare(file, what, answer.content)

    def peek(self, file):
        """Asks for a file that may be pending by a URL that the API would not give out: all of its bytes, or none."""
        was_deleted = file.is_deleted
        answer = self.storage("GET", presigned(self.signing_key, f"/files/{file.id}"))
        statuses = [404] if was_deleted else [200, 404]
        if self.holds(file, "GET before the upload's answer", answer, statuses) and answer.status == 200:
            self.compare(file, "GET before the upload's answer", answer.content)


def presigned(signing_key, path, host=STORAGE_HOST, region="local", expires=3_600, at=None):
    """A GET URL by AWS's rules for query authentication ("Authenticating Requests: Using Query Parameters")."""
    access_key_id, secret, _ = signing_key
    date = at or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    parameters = {
        "Algorithm": "AWS4-HMAC-SHA256",
        "Credential": f"{access_key_id}/{scope}",
        "Date": date,
        "Expires": expires,
        "SignedHeaders": "host",
    }
    query = urllib.parse.urlencode({f"X-Amz-{name}": value for name, value in parameters.items()})
    canonical = "\n".join(["GET", path, query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"http://{host}{path}?{query}&X-Amz-Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"


class Load:
    """What the clients of a round send, until the server is killed.

    They share the files, so requests about the same file meet.
    """

    # Weight, what is done, and with which files; the rest of 100 is new files.
    MIX = [
        (12, Client.read, lambda file: file.is_ready),
        (4, Client.peek, lambda file: not file.is_ready),
        (2, Client.put, lambda file: file.upload_url and not file.is_ready),
        (5, Client.put, lambda file: file.upload_url and file.is_ready),
        (3, Client.put_other, lambda file: file.upload_url and file.is_ready),
        (4, Client.again, lambda file: file.key),
        (9, Client.delete, lambda file: True),
    ]

    def __init__(self, ledger):
        self.ledger = ledger
        self.files = [file for file in ledger.files.values() if file.id and not file.deletion_begun]
        self.lock = threading.Lock()
        self.killed_at = math.inf

    def run(self, client):
        weights = [weight for weight, _, _ in self.MIX]
        try:
            while self.killed_at == math.inf:
                [chosen] = client.random.choices([*self.MIX, None], [*weights, 100 - sum(weights)])
                _, act, wanted = chosen or (0, None, None)
                file = self.choose(client.random, wanted, for_good=act is Client.delete) if act else None
                if file:
                    act(client, file)
                else:
                    self.add(client, self.ledger.new(client.random))
        except Broken as broken:
            if self.killed_at == math.inf:
                self.ledger.violation(None, f"a connection broke while the server was running: {broken}")
            elif client.sent_at < self.killed_at:
                self.ledger.count("under way")
        finally:
            client.close()

    def add(self, client, file):
        """Sends a new file; a few are declared and left pending."""
        if file.is_direct:
            client.direct(file)
            self.share(file)
        else:
            client.declare(file)
            self.share(file)
            if file.id and client.random.random() > 0.06:
                client.put(file)

    def share(self, file):
        with self.lock:
            if file.id:
                self.files.append(file)

    def choose(self, rng, wanted, for_good):
        """A file, mostly a late one; whoever is to delete it is the only one to do so."""
        with self.lock:
            for _ in range(20 if self.files else 0):
                age = int(rng.expovariate(1 / 200)) if rng.random() < 0.8 else rng.randrange(len(self.files))
                index = len(self.files) - 1 - age % len(self.files)
                if wanted(self.files[index]):
                    return self.files.pop(index) if for_good else self.files[index]
        return None


class Check:
    """Holds a server that was just started to the ledger, and finds out what became of what was under way."""

    def __init__(self, ledger, everything):
        self.ledger = ledger
        self.everything = everything
        self.records = {}

    def read_list(self, client):
        """Reads the list, and holds every file to it, of whatever round."""
        cursor = ""
        while cursor is not None:
            answer = client.api("GET", "/v1/files?limit=1000" + (cursor and f"&cursor={cursor}"))
            if not client.holds(None, "the list", answer, [200]):
                return
            page = json.loads(answer.content)
            for record in page["files"]:
                name = record["filename"]
                if name not in self.ledger.files or name in self.records:
                    self.ledger.violation(None, f"nobody sent this, or only once: {record}")
                self.records[name] = record
            cursor = page["next_cursor"]
        for file in self.ledger.files.values():
            wrong = self.judgement(file, self.records.get(file.name))
            if wrong:
                self.ledger.violation(file, f"{wrong}: {self.records.get(file.name)}")

    def judgement(self, file, record):
        """What is wrong with a file's record, or with there being none."""
        if record is None:
            return "lost" if file.id and not file.deletion_begun else None
        if file.is_deleted:
            return "deleted, and back" if file.id else "never sent whole, and there later"
        if file.id not in (None, record["file_id"]):
            return f"has another id than {file.id}"
        if record["size_bytes"] != file.size:
            return f"has not {file.size} bytes"
        if record["status"] == "pending":
            return "ready, and pending again" if file.is_ready else None
        if (record["status"], record["sha256"]) != ("ready", file.sha256):
            return f"has other bytes than {file.sha256}"
        is_sent = file.is_ready or "put" in file.under_way or "direct" in file.under_way
        return None if is_sent else "ready, and nobody sent its bytes"

    def chosen(self, rng):
        """The files to look at closely: those of the last round, and a sample of the others."""
        if self.everything:
            return list(self.ledger.files.values())
        others = [file for file in self.ledger.files.values() if file not in self.ledger.touched]
        return [*self.ledger.touched, *rng.sample(others, min(SAMPLE, len(others)))]

    def examine(self, client, files):
        blamed = {name for name, _ in self.ledger.violations}
        for file in files:
            if file.name in blamed:
                continue
            try:
                self.settle(client, file, self.records.get(file.name))
                self.verify(client, file)
            except Broken as broken:
                self.ledger.violation(file, f"a connection broke during the check: {broken}")
        client.close()

    def settle(self, client, file, record):
        """Finds out what became of interrupted requests as their client would, by sending them again."""
        interrupted, file.under_way = file.under_way, []
        if record is not None:
            # A deletion that was under way did not happen, and never will.
            file.deletion_begun = False
            file.id, file.is_ready = record["file_id"], record["status"] == "ready"
        elif file.id or not file.key:
            file.deletion_begun = file.is_deleted = True
            return
        if file.key and interrupted:
            client.again(file)
        if not file.is_ready:
            client.peek(file)
            if interrupted or self.everything or client.random.random() < 0.5:
                if not file.upload_url or client.random.random() < 0.7:
                    client.renew(file)
                client.put(file)
        elif "put" in interrupted:
            client.put(file)
        if "delete" in interrupted and client.random.random() < 0.5:
            client.delete(file)

    def verify(self, client, file):
        """Reads a file by every way there is to it, or finds each of them closed."""
        if file.is_deleted and not file.id:
            return
        if file.is_ready and not file.is_deleted:
            client.read(file)
        else:
            client.holds(file, "the API's download", client.api("GET", f"/v1/files/{file.id}/download"), [404])
        if file.is_deleted:
            client.holds(file, "the API", client.api("GET", f"/v1/files/{file.id}"), [404])
            url = file.download_url or presigned(client.signing_key, f"/files/{file.id}")
            client.holds(file, "GET", client.storage("GET", url), [404])
            if file.upload_url and file.size <= PACKED:
                client.put(file)
        if file.key and client.random.random() < 0.5:
            client.again(file)


class Rig:
    """One data directory, and a server on it that is killed again and again."""

    def __init__(self, seed):
        print(f"CLOAKROOM_KILL_SEED={seed}", file=sys.stderr)
        self.seed = seed
        self.random = random.Random(seed)
        self.steps = itertools.count()
        self.began_at = time.monotonic()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cloakroom-kill-"))
        self.ledger = Ledger(self.directory / "ledger.jsonl", seed)
        # Its very first start is interrupted too.
        self.server = Server(*OPTIONS, data_dir=self.directory / "data", wait=False)
        self.interrupt()
        self.start()
        self.key = self.server.key()

    def run(self, rounds, report=lambda rig: None):
        """Kills the server so often, or until something is wrong; then checks everything, and ends it in peace."""
        while self.ledger.totals["rounds"] < rounds and not self.ledger.violations:
            self.load()
            self.start()
            self.check()
            report(self)
        if not self.ledger.violations:
            self.check(everything=True)
            self.end()

    def clients(self):
        step = next(self.steps)
        seeds = [f"{self.seed} {step} {number}" for number in range(THREADS)]
        return [Client(self.server, self.key, self.ledger, seed) for seed in seeds]

    def load(self, seconds=None):
        """Sends requests from many clients, for a random time unless one is given, and kills the server amid them."""
        load = Load(self.ledger)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            runs = [pool.submit(load.run, client) for client in self.clients()]
            try:
                time.sleep(seconds or self.random.uniform(*KILL_AFTER))
            finally:
                load.killed_at = time.monotonic()
                self.kill()
        for run in runs:
            run.result()
        self.ledger.count("rounds")

    def kill(self):
        code = self.server.stop(signal.SIGKILL)
        if code != -signal.SIGKILL:
            self.ledger.violation(None, f"the server ended by itself with {code}: {self.server.logged()}")

    def interrupt(self):
        """Kills a server that may not have come as far as listening."""
        time.sleep(self.random.uniform(*KILL_START_AFTER))
        self.kill()
        self.ledger.count("starts")

    def start(self):
        """Starts the server; now and then it is killed a few times before it is up."""
        if self.random.random() < 0.4:
            for _ in range(self.random.randint(1, 3)):
                self.server.start(wait=False)
                self.interrupt()
        # A start that never ends is one that fails.
        limit = threading.Timer(START_LIMIT, lambda: self.server.process.kill())
        limit.start()
        try:
            self.server.start()
        finally:
            limit.cancel()

    def check(self, everything=False):
        check = Check(self.ledger, everything)
        clients = self.clients()
        try:
            check.read_list(clients[0])
        except Broken as broken:
            self.ledger.violation(None, f"a connection broke during the check: {broken}")
            return
        chosen = check.chosen(self.random)
        self.ledger.touched = set()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            parts = [chosen[number::THREADS] for number in range(THREADS)]
            for examined in [pool.submit(check.examine, *pair) for pair in zip(clients, parts)]:
                examined.result()

    def end(self):
        """Ends the server in peace, and looks at what it leaves on the disk."""
        code = self.server.stop()
        if code != 0:
            self.ledger.violation(None, f"after SIGTERM the server ended with {code}: {self.server.logged()}")
        data = self.directory / "data"
        line = ["sqlite3", str(data / "catalog.sqlite"), "PRAGMA integrity_check"]
        result = subprocess.run(line, capture_output=True, text=True, timeout=300)
        if result.stdout.strip() != "ok":
            self.ledger.violation(None, f"the catalogue is damaged: {result.stdout}{result.stderr}")
        blobs = {path.name for path in data.glob("blobs/[0-9a-f][0-9a-f]/*")}
        for file in self.ledger.files.values():
            if file.is_deleted and file.id and file.id.removeprefix("file_") in blobs:
                self.ledger.violation(file, "deleted, and its bytes are still on the disk")

    def summary(self):
        """One line on what was done and lost."""
        totals, seconds = self.ledger.totals, time.monotonic() - self.began_at
        return (
            f"kill -9 under load: {totals['rounds']:,} rounds, {totals['uploads']:,} acknowledged uploads, "
            f"{totals['deletions']:,} acknowledged deletions, {totals['under way']:,} requests under way at a kill, "
            f"{totals['starts']:,} starts killed as well, {len(self.ledger.violations):,} lost "
            f"({seconds:.0f} s, seed {self.seed})"
        )

    def violations(self):
        """What is wrong, the first of it, and where to look further."""
        lines = [f"{name or '-'}: {text}" for name, text in self.ledger.violations[:20]]
        return "\n".join([*lines, f"CLOAKROOM_KILL_SEED={self.seed}; data and ledger are in {self.directory}"])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.server.process.poll() is None:
            self.server.stop(signal.SIGKILL)
        self.ledger.log.close()
        if kind is None and not self.ledger.violations:
            shutil.rmtree(self.directory)
        else:
            print(f"data and ledger are in {self.directory}", file=sys.stderr)


def chosen_seed():
    """The seed: it repeats what is sent and when the server is killed, but not how threads take turns."""
    return int(os.environ.get("CLOAKROOM_KILL_SEED") or random.SystemRandom().getrandbits(32))


def main(rounds):
    with Rig(chosen_seed()) as rig:
        rig.run(rounds, lambda rig: print(rig.summary(), file=sys.stderr, flush=True))
        if rig.ledger.violations:
            print(rig.violations(), file=sys.stderr)
        print(rig.summary())
    return 1 if rig.ledger.violations else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
