"""The kinds of damage: what is done to which part of a store."""

import dataclasses
import os
import random
import shutil

from damage_store import copy

PAGE = 4_096
COUNT = 100


@dataclasses.dataclass(frozen=True)
class Damage:
    """One damage to one part of a store."""

    target: str
    kind: str
    index: int = 0

    def __str__(self):
        return f"{self.target}/{self.kind}/{self.index}"


# Whole parts are replaced.
SOURCES = {"older, same run": "same_run", "older, earlier run": "earlier_run", "of another store": "other"}
WHOLE = ["missing", "empty", *SOURCES]
CATALOG = ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"]
FILES = [*CATALOG, "signing-keys", "lock", "reserve", "blobs/identity", "blobs/history"]


def targets(moment):
    """The parts of a store: names, and the paths of each."""
    ready = moment.ledger.of("ready")
    own = [file.place[0] for file in ready if file.place[1] == 0]
    packs = sorted({file.place[0] for file in ready if file.place[1] > 0})
    parts = {name: [name] for name in FILES}
    parts |= {"first pack": [packs[0]], "last pack": [packs[-1]]}
    parts |= {"first own file": [own[0]], "last own file": [own[-1]]}
    parts |= {"all of the catalogue": CATALOG, "WAL and shm": CATALOG[1:], "packs directory": ["blobs/packs"]}
    parts |= {"shard directory": [os.path.dirname(own[-1])], "blobs directory": ["blobs"]}
    return parts


def damages(moment):
    """Every damage to a store."""
    parts = targets(moment)
    all_of_them = [Damage(target, kind) for target in parts for kind in WHOLE]
    for target, paths in parts.items():
        if len(paths) == 1 and (moment.store / paths[0]).is_file():
            for kind in ("flipped", "truncated"):
                all_of_them += [Damage(target, kind, index) for index in range(COUNT)]
            all_of_them += [Damage(target, "appended", length) for length in (1, PAGE, 100_000)]
    all_of_them += [Damage(name, "row flipped", index) for name in CATALOG[:2] for index in range(COUNT)]
    for target in (*CATALOG[:2], "first pack", "last pack", "last own file"):
        all_of_them += [Damage(target, "page zeroed", index) for index in range(COUNT)]
    for target, other in SWAPS:
        all_of_them.append(Damage(f"{target} and {other}", "swapped"))
    return all_of_them


SWAPS = [
    ("first own file", "last own file"), ("first pack", "last pack"), ("catalog.sqlite", "catalog.sqlite-wal"),
    ("blobs/identity", "blobs/history"), ("signing-keys", "blobs/identity"),
]  # fmt: skip


def paths(moment, damage):
    """The paths that a damage changes."""
    parts = targets(moment)
    names = damage.target.split(" and ") if damage.kind == "swapped" else [damage.target]
    return [path for name in names for path in parts[name]]


def used_length(path):
    """The length up to the last byte that is not zero: packs and the reserve are set aside in advance."""
    return len(path.read_bytes().rstrip(b"\0")) or path.stat().st_size


def spread(damage, length, seed):
    """One of a hundred places spread over a length, the same for the same seed."""
    source = random.Random(f"{seed} {damage}")
    return min(length - 1, int((damage.index + source.random()) * length / COUNT))


def flip(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def apply(moment, damage, root, seed):
    """Damages a copy of a store; returns whether there was anything to damage."""
    changed = [root / path for path in paths(moment, damage)]
    if damage.kind == "swapped":
        return swap(*changed)
    elif damage.kind in SOURCES:
        source = getattr(moment, SOURCES[damage.kind])
        return any([replace(root / path, source / path) for path in paths(moment, damage)])
    elif damage.kind == "missing":
        return any([remove(path) for path in changed])
    elif damage.kind == "empty":
        return any([empty(path) for path in changed])
    elif not changed[0].exists():
        return False
    elif damage.kind == "appended":
        with changed[0].open("ab") as file:
            file.write(random.Random(f"{seed} {damage}").randbytes(damage.index))
    else:
        return damage_inside(moment, damage, changed[0], seed)
    return True


def damage_inside(moment, damage, path, seed):
    """Damages a part of a file."""
    length = used_length(path)
    if length == 0:
        return False
    if damage.kind == "flipped":
        flip(path, spread(damage, length, seed), random.Random(f"{seed} {damage}").randrange(8))
    elif damage.kind == "truncated":
        # From nothing but the first bytes to all but the last one.
        os.truncate(path, spread(damage, length, seed))
    elif damage.kind == "row flipped":
        return flip_row(moment, damage, path, seed)
    elif damage.kind == "page zeroed":
        return zero_page(damage, path, length)
    return True


def flip_row(moment, damage, path, seed):
    """Flips a bit near a file's name where the database has it: in the row, or in the one beside it."""
    data, source = path.read_bytes(), random.Random(f"{seed} {damage}")
    spots = [spot for file in moment.ledger.files for spot in occurrences(data, file.name.encode())]
    if not spots:
        return False
    offset = spots[damage.index % len(spots)] + source.randrange(-36, 96)
    flip(path, min(offset, len(data) - 1), source.randrange(8))
    return True


def occurrences(data, text):
    start = data.find(text)
    while start >= 0:
        yield start
        start = data.find(text, start + 1)


def zero_page(damage, path, length):
    pages = (length + PAGE - 1) // PAGE
    if damage.index >= min(pages, COUNT):
        return False
    page = damage.index * pages // min(pages, COUNT)
    with open(path, "r+b") as file:
        file.seek(page * PAGE)
        before = file.read(PAGE)
        file.seek(page * PAGE)
        file.write(bytes(len(before)))
    return any(before)


def swap(one, other):
    if not one.exists() or not other.exists():
        return False
    temporary = one.with_name("swapped")
    one.rename(temporary)
    other.rename(one)
    temporary.rename(other)
    return True


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
    else:
        return False
    return True


def empty(path):
    if path.is_dir():
        return any([remove(inside) for inside in path.iterdir()])
    if not path.exists() or path.stat().st_size == 0:
        return False
    os.truncate(path, 0)
    return True


def replace(path, source):
    """Puts another moment's or store's part in the place of a part; false where it is the same, or not there."""
    if not source.exists() or (source.is_file() and path.is_file() and source.read_bytes() == path.read_bytes()):
        return False
    remove(path)
    copy(source, path)
    return True


def put_back(moment, damage, root):
    """Puts the right files in the place of damaged ones."""
    for path in paths(moment, damage):
        remove(root / path)
        if (moment.store / path).exists():
            copy(moment.store / path, root / path)
