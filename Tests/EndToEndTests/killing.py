"""Kills the real server under load, again and again, and holds it to everything that it acknowledged.

The ledger is outside the server's process. A request is noted before it is sent, and again once its whole answer has
been read. What became of a request without an answer is open until the next start; then it has happened or it has not.
"""

import concurrent.futures
import itertools
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

from cloakroom import Server
from killing_check import Check
from killing_client import Broken, Client
from killing_ledger import Ledger
from killing_load import Load
from killing_urls import OPTIONS

THREADS = 16
KILL_AFTER = (0.2, 1.5)  # seconds of load
KILL_START_AFTER = (0, 0.05)  # seconds from the process's start
START_LIMIT = 120  # seconds


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
        line = ["sqlite3", "-readonly", str(data / "catalog.sqlite"), "PRAGMA integrity_check"]
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
