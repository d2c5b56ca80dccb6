"""Measures a binary beside the one of an earlier commit, and what verifying reads costs.

    CLOAKROOM_BINARY=NOW python beside.py BEFORE [--rounds N] [--seconds N] [--only REGEX]

Rounds alternate; each line has the medians and the ratio of each round's values.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import tempfile

import directories
import load
import sizes
from cloakroom_server import CloakroomServer, binary
from rounds import Options, Rounds
from server import running
from uploads import Uploads


def version(label, path, *options):
    """Returns a kind of server: a binary with options."""
    return type(label, (CloakroomServer,), {"name": label, "path": path, "options": options})


def arguments():
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", help="the binary of the earlier commit")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", default="", metavar="REGEX")
    return parser.parse_args()


def compare(rounds, workload, variant, servers, measure, unit, better="higher"):
    """Measures in rounds, and says how the second server is beside the first."""
    before = len(rounds.rows)
    rounds.run(workload, variant, servers, measure, unit, better)
    rows = rounds.rows[before:]
    one, other = ([row["value"] for row in rows if row["server"] == server.name] for server in servers)
    ratios = [right / left for left, right in zip(one, other)]
    print(
        f"{workload}, {variant}: {servers[0].name} {statistics.median(one):,.1f}, {servers[1].name} "
        f"{statistics.median(other):,.1f} {unit}; ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def transfers(rounds, kinds):
    """Downloads of warm files, uploads, and declarations."""
    for label, connections in (("4KiB", 16), ("64KiB", 16), ("1MiB", 16), ("100MB", 1)):
        size = sizes.BY_LABEL[label]
        with running(kinds, rounds.options.work_dir) as servers:
            for server in servers:
                server.prepare_files(size.size, rounds.files(size))
            targets = {server: server.download_targets() for server in servers}

            def measure(server, seconds):
                """GETs for some seconds."""
                return load.get(server.address, targets[server], connections, seconds)

            compare(rounds, f"get-{label}", f"{connections} connections, warm", servers, measure, size.unit)
    for label in ("4KiB", "1MiB"):
        size = sizes.BY_LABEL[label]
        with running(kinds, rounds.options.work_dir) as servers:
            compare(rounds, f"put-{label}", "16 connections", servers, Uploads(size).measure, size.unit)
    with running(kinds, rounds.options.work_dir) as servers:

        def mint(server, seconds):
            """Declares files for some seconds."""
            body = server.declaration(4096)
            return load.post(server.api, "/v1/files/upload", body, 16, seconds, server.api_headers)

        compare(rounds, "mint", "16 connections", servers, mint, "requests/s")


def first_reads(rounds, kinds):
    """One download of 100 MB since the start: from the disk, and from the page cache."""
    size = sizes.BY_LABEL["100MB"]
    with running(kinds, rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, 1)
        for variant, is_cold in (("not in the page cache", True), ("in the page cache", False)):

            def measure(server, _):
                """Starts the server again, and downloads once."""
                server.stop()
                server.start()
                url = "http://%s:%d%s" % (*server.address, server.download_targets()[0])
                if is_cold:
                    subprocess.run(["sync"], check=True)
                    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
                line = ["curl", "--silent", "--fail", "--output", "/dev/null", "--write-out", "%{time_total}", url]
                seconds = subprocess.run(line, check=True, capture_output=True, text=True).stdout
                return float(seconds) * 1_000

            compare(rounds, "first GET of 100MB", variant, servers, measure, "ms", "lower")


def starts(rounds, kinds):
    """From the start of the process until it listens, with a thousand files."""
    with running(kinds, rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(4_096, 1_000)

        def measure(server, _):
            """Starts the server again."""
            server.stop()
            server.start()
            return server.ready_after * 1_000

        compare(rounds, "start", "1,000 files", servers, measure, "ms", "lower")


def main():
    """Measures."""
    given = arguments()
    with tempfile.TemporaryDirectory() as directory:
        directories.prepare(directory)
        rounds = Rounds(Options(given.rounds, given.seconds, None, directory))
        versions = [version("before", given.before), version("now", binary())]
        modes = [version(mode, binary(), f"--verify-reads={mode}") for mode in ("never", "first")]
        parts = {"first-reads": (first_reads, modes), "starts": (starts, versions), "transfers": (transfers, versions)}
        for name, (measure, kinds) in parts.items():
            if re.search(given.only, name):
                measure(rounds, kinds)


if __name__ == "__main__":
    main()
