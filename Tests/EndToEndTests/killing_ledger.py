"""The ledger of a server that is killed: what was sent, what was acknowledged, and what is wrong with it."""

import collections
import contextlib
import dataclasses
import hashlib
import itertools
import json
import random
import threading
import time

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
