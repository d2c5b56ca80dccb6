"""Counts instructions and allocations of single operations under valgrind, and holds them to recorded thresholds.

    Benchmarks/micro.py BINARY [--update]

Counts do not depend on what else the machine does. They do depend on the compiler, libcrypto, SQLite and valgrind (which
has no SHA extensions): a threshold is the count when it was recorded and a tolerance, and `--update` records anew.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

THRESHOLDS = pathlib.Path(__file__).with_name("thresholds.json")
TOLERANCE = 1.05
# Operations of the two runs whose difference is taken: start-up is in both.
COUNTS = {"verify": (200, 1_200), "mint": (200, 1_200), "parse-head": (200, 1_200), "point-read": (200, 1_200),
          "insert": (100, 600)}


def valgrind(binary, operation, count, *options):
    """Runs one operation so many times and returns what valgrind says."""
    line = ["valgrind", *options, binary, operation, str(count)]
    result = subprocess.run(line, capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(line)}: {result.stderr[-2000:]}")
    return result.stderr


def instructions(binary, operation, count):
    """Instructions of a whole run."""
    text = valgrind(binary, operation, count, "--tool=callgrind", "--callgrind-out-file=/dev/null")
    return int(re.search(r"Collected : (\d+)", text)[1])


def allocations(binary, operation, count):
    """Calls of malloc and its like in a whole run."""
    text = valgrind(binary, operation, count, "--tool=memcheck", "--leak-check=no", "--undef-value-errors=no")
    return int(re.search(r"total heap usage: ([\d,]+) allocs", text)[1].replace(",", ""))


def measured(binary):
    """Returns both counts for each operation."""
    results = {}
    for operation, (few, many) in COUNTS.items():
        results[operation] = {
            name: round((count(binary, operation, many) - count(binary, operation, few)) / (many - few), 1)
            for name, count in (("instructions", instructions), ("allocations", allocations))
        }
        print(f"{operation}: {results[operation]}", flush=True)
    return results


def main():
    """Measures, then records or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--update", action="store_true", help="record the counts as thresholds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        # valgrind cannot read Swift's debug information.
        binary = f"{directory}/Microbenchmarks"
        subprocess.run(["strip", "--strip-debug", "-o", binary, options.binary], check=True)
        results = measured(binary)
    if options.update:
        THRESHOLDS.write_text(json.dumps(results, indent=2) + "\n")
        return
    thresholds = json.loads(THRESHOLDS.read_text())
    above = [
        f"{operation}: {results[operation][name]} {name}, {thresholds[operation][name]} recorded"
        for operation in results
        for name in results[operation]
        if results[operation][name] > thresholds[operation][name] * TOLERANCE
    ]
    for line in above:
        print(line, file=sys.stderr)
    raise SystemExit(1 if above else 0)


if __name__ == "__main__":
    main()
