"""Damages every part of a store in every way, at every moment, and judges how the server takes it.

    damage_matrix.py [--cells N] [--jobs N] [--moments kill,stop,later] [--stores DIRECTORY] [PATTERN …]

A cell is a damage at a moment, as `kill/catalog.sqlite-wal/flipped/37`. All of them are judged, or so many as a sample,
or those that match a shell's pattern, several at once. CLOAKROOM_MATRIX_SEED repeats a run. Stores are kept where a cell fails, and used
again with `--stores`.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import fnmatch
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from damage_judge import GOOD, Judge
from damage_kinds import Damage, apply, damages, paths, put_back
from damage_store import build, copy, load

NOTHING = Damage("nothing", "done")
# A running server copies the WAL into the database each minute: at `later` it has done so amid the last run.
HOOKS = {"later": lambda: time.sleep(65)}
MOMENTS = ["kill", "stop", "later"]


@dataclasses.dataclass(frozen=True)
class Cell:
    """A damage at a moment."""

    moment: str
    damage: Damage

    def __str__(self):
        return f"{self.moment}/{self.damage}"


class Matrix:
    """The stores of a run, and the cells that were judged."""

    def __init__(self, directory, seed, moments):
        self.directory, self.seed = directory, seed
        self.moments = {moment.name: moment for moment in moments}
        self.verdicts = {}

    def cells(self):
        """Every cell; those without anything to damage are found out when it is tried."""
        kinds = {name: [NOTHING, *damages(moment)] for name, moment in self.moments.items()}
        return [Cell(name, damage) for name, found in kinds.items() for damage in found]

    def sample(self, count):
        """So many cells by the seed: first one of each part and kind of damage."""
        source, groups = random.Random(self.seed), collections.defaultdict(list)
        for cell in self.cells():
            groups[cell.moment, cell.damage.target, cell.damage.kind].append(cell)
        chosen = [source.choice(group) for group in groups.values()]
        rest = sorted(set(self.cells()) - set(chosen), key=str)
        return (source.sample(chosen, len(chosen)) + source.sample(rest, len(rest)))[:count]

    def judge(self, cell):
        """Judges a cell; returns `None` where there was nothing to damage."""
        moment, damage = self.moments[cell.moment], cell.damage
        root = self.directory / f"cell-{threading.get_ident()}"
        copy(moment.store, root)
        try:
            if damage != NOTHING and not apply(moment, damage, root, self.seed):
                return None
            names = [] if damage == NOTHING else [path.rpartition("/")[2] for path in paths(moment, damage)]
            self.verdicts[cell] = Judge(
                root, moment.ledger, names=names, put_back=lambda: put_back(moment, damage, root),
                storage_first=damage.index % 2 == 1,
            ).verdict()  # fmt: skip
            return self.verdicts[cell]
        finally:
            shutil.rmtree(root)

    def failures(self):
        return {cell: verdict for cell, verdict in self.verdicts.items() if not verdict.is_good}

    # Reports.

    def report(self):
        """What is wrong, and how to see it again."""
        lines = []
        for cell, verdict in self.failures().items():
            lines += [f"{cell}: {verdict.outcome}", *(f"    {detail}" for detail in verdict.details[:24])]
        again = f"CLOAKROOM_MATRIX_SEED={self.seed} damage_matrix.py --stores {self.directory} CELL"
        return "\n".join([*lines, again])

    def table(self):
        """Cells by what was damaged and how that ended, for docs/reliability.md."""
        counts = collections.Counter()
        for cell, verdict in self.verdicts.items():
            counts[cell.damage.target, verdict.outcome] += 1
        outcomes = GOOD + sorted({outcome for _, outcome in counts} - set(GOOD))
        lines = [f"| damaged | {' | '.join(outcomes)} |", "|---|" + "--:|" * len(outcomes)]
        for target in dict.fromkeys(target for target, _ in counts):
            numbers = [f"{counts[target, outcome]:,}" for outcome in outcomes]
            lines.append(f"| {target} | {' | '.join(numbers)} |")
        sums = [sum(counts[key] for key in counts if key[1] == outcome) for outcome in outcomes]
        return "\n".join([*lines, f"| all | {' | '.join(f'{number:,}' for number in sums)} |"])

    def summary(self):
        counts = collections.Counter(verdict.outcome for verdict in self.verdicts.values())
        ends = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.most_common())
        return f"damage: {len(self.verdicts):,} cells, {ends} (seed {self.seed})"


def chosen_seed():
    return int(os.environ.get("CLOAKROOM_MATRIX_SEED") or random.SystemRandom().getrandbits(32))


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--moments", default=",".join(MOMENTS))
    parser.add_argument("--stores", type=pathlib.Path)
    parser.add_argument("patterns", nargs="*")
    return parser.parse_args()


def main():
    options, seed = arguments(), chosen_seed()
    directory = (options.stores or pathlib.Path(tempfile.mkdtemp(prefix="cloakroom-damage-"))).resolve()
    if not (directory / "moments.pickle").exists():
        build(directory, seed, options.moments.split(","), HOOKS)
    matrix = Matrix(directory, seed, load(directory))
    cells = matrix.cells() if options.cells is None else matrix.sample(options.cells)
    if options.patterns:
        cells = [cell for cell in cells if any(fnmatch.fnmatch(str(cell), pattern) for pattern in options.patterns)]

    def judge(cell):
        began_at = time.monotonic()
        verdict = matrix.judge(cell)
        if verdict and (options.patterns or not verdict.is_good):
            took = f"{verdict.outcome} ({time.monotonic() - began_at:.1f} s)"
            print(cell, took, *verdict.details[:24], sep="\n    ", file=sys.stderr, flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(judge, cells))
    print(matrix.table())
    print(matrix.summary())
    if matrix.failures():
        return f"the stores are in {directory}; CLOAKROOM_MATRIX_SEED={seed}"
    if options.stores is None:
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
