"""Runs a server for a long time under a steady load, and looks whether anything grows.

Each round mints, uploads and downloads at a fixed rate, as ordinary_client.py does, then deletes what it uploaded.
After each round a line tells latencies, memory, descriptors, threads and room on the disk; at the end, the last quarter
of the rounds is set against the first.
"""

import argparse
import os
import pathlib
import statistics
import subprocess

import requests

from cloakroom_server import started
from descriptors import raise_descriptors
from environment import print_heading
from ordinary_client import SMALL, make_requests, ordinary_requests

COLUMNS = (
    "minute", "requests", "failed", "p50 ms", "p99 ms", "max ms", "memory MiB", "descriptors", "threads", "disk MiB",
)  # fmt: skip
# What must not grow, and where it stands in a row.
WATCHED = {"p50 ms": 3, "p99 ms": 4, "memory MiB": 6, "descriptors": 7, "threads": 8, "disk MiB": 9}


def main():
    """Runs the rounds, and prints a table and the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=20, help="how long; 1440 is a day (default: 20)")
    parser.add_argument("--rate", type=int, default=300, help="requests a second (default: 300)")
    parser.add_argument("--round", type=int, default=50, help="seconds of load in a minute's round (default: 50)")
    parser.add_argument("--work-dir", help="where a temporary directory is made")
    options = parser.parse_args()
    options.seconds = options.round
    raise_descriptors()
    with started(options.work_dir) as server:
        soak(server, options)


def soak(server, options):
    """Runs all rounds."""
    print_heading(f"{options.rate} requests a second for {options.seconds} s of each round", COLUMNS)
    plan = ordinary_requests(server, options)
    kept = set(server.file_ids)
    rows = []
    for minute in range(options.minutes):
        targets = server.upload_targets(SMALL, options.rate)
        latencies, failed = make_requests(server, {**plan, "targets": targets})
        delete_all(server, kept)
        rows.append(measured(server, minute, latencies, failed))
        cells = (f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" for cell in rows[-1])
        print(f"| {' | '.join(cells)} |", flush=True)
    quarter = max(1, len(rows) // 4)
    print()
    for name, column in WATCHED.items():
        first, last = (statistics.median(row[column] for row in part) for part in (rows[:quarter], rows[-quarter:]))
        print(f"{name}: {first:,.2f} in the first quarter, {last:,.2f} in the last")


def delete_all(server, kept):
    """Deletes every file but some."""
    base = "http://%s:%d/v1/files" % server.api
    with requests.Session() as session:
        session.headers.update(server.api_headers)
        cursor = None
        while True:
            page = session.get(base, params={"limit": 1_000, **({"cursor": cursor} if cursor else {})}).json()
            for file in page["files"]:
                if file["file_id"] not in kept:
                    session.delete(f"{base}/{file['file_id']}").raise_for_status()
            cursor = page["next_cursor"]
            if cursor is None:
                return


def measured(server, minute, latencies, failed):
    """Returns a row of the table."""
    times = sorted(latencies) or [0.0]
    [pid] = server.pids()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    threads = int(status.partition("Threads:")[2].split(maxsplit=1)[0])
    used = subprocess.run(["du", "-sm", server.data], check=True, capture_output=True, text=True).stdout
    return [
        minute + 1, len(latencies), failed, 1000 * times[len(times) // 2], 1000 * times[len(times) * 99 // 100],
        1000 * times[-1], server.resident_memory() / (1 << 20), len(os.listdir(f"/proc/{pid}/fd")), threads,
        int(used.split()[0]),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
