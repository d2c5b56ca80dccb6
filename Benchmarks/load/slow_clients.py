"""Asks how long ordinary clients wait while thousands of slow ones hold connections to both origins.

One process holds the slow connections, half of them to each origin: they send a head or a body, or read a large file
from the storage origin, a byte every few seconds. What the server ends is opened again. Another process makes ordinary
requests, of which each has its time, whatever became of those before: a third are mints, a third PUTs and a third GETs
of 4 KiB. A request's latency counts from the time when it was due. A round without slow connections comes first.
"""

import argparse
import multiprocessing
import os

from cloakroom_server import started
from descriptors import raise_descriptors
from environment import print_heading
from ordinary_client import make_requests, ordinary_requests
from processes import wait_for
from slow_connections import hold, slow_requests

COLUMNS = (
    "slow connections at the start", "lowest", "at the end", "requests", "failed", "p50 ms", "p99 ms", "max ms",
    "memory MiB", "descriptors",
)  # fmt: skip
# Connections that the ordinary client may need.
SPARE = 500


def main():
    """Measures a round without and one with slow connections, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--connections", type=int, default=10_000, help="slow ones (default: 10000)")
    parser.add_argument("--seconds", type=int, default=30, help="of a round (default: 30)")
    parser.add_argument("--rate", type=int, default=1_000, help="ordinary requests a second (default: 1000)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two bytes (default: 5)")
    parser.add_argument("--work-dir", help="where a temporary directory is made")
    options = parser.parse_args()
    # The server inherits the limit.
    check_descriptors(raise_descriptors(3 * (options.connections + 2 * SPARE)), options.connections)
    with started(options.work_dir) as server:
        measure(server, options)


def check_descriptors(limit, connections):
    """Fails where the server would not take so many: docs/configuration.md has how it shares out its open files."""
    blobs = min(2_048, max(32, limit // 20))
    most = min(16_384, (limit - 2 * blobs - 360 - 10 * os.cpu_count()) // 4)
    if connections // 2 + SPARE > most:
        raise SystemExit(
            f"with a limit of {limit} open files the server takes {most} connections to each origin: "
            f"--connections can be {2 * (most - SPARE)}"
        )


def measure(server, options):
    """Measures both rounds."""
    slow = slow_requests(server)
    print_heading(f"{options.rate} ordinary requests a second for {options.seconds} s", COLUMNS)
    round_of(server, options)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    holder = context.Process(target=hold, args=(slow, options.connections, options.interval, theirs), daemon=True)
    holder.start()
    try:
        wait_for(lambda: held(server) >= options.connections, f"{options.connections} slow connections", timeout=120)
        round_of(server, options)
        ours.send("end")
        counts = ours.recv() if ours.poll(60) else {}
    finally:
        holder.terminate()
        holder.join()
    print("\n" + "; ".join(f"{name}: {count:,}" for name, count in counts.items()))


def round_of(server, options):
    """Measures one round and prints its row."""
    plan = ordinary_requests(server, options)
    counts, memory, descriptors = [held(server)], [0], [0]

    def look():
        """Notes what the server holds."""
        counts.append(held(server))
        memory.append(server.resident_memory())
        descriptors.append(sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.pids()))

    latencies, failed = make_requests(server, plan, look)
    cells = [counts[0], min(counts), counts[-1], len(latencies), failed]
    values = sorted(latencies) or [0]
    times = [values[len(values) // 2], values[len(values) * 99 // 100], values[-1]]
    row = [f"{cell:,}" for cell in cells] + [f"{1000 * seconds:,.1f}" for seconds in times]
    print(f"| {' | '.join([*row, f'{max(memory) / (1 << 20):,.0f}', f'{max(descriptors):,}'])} |", flush=True)


def held(server):
    """Returns how many connections the origins hold, but for those of the ordinary client."""
    ports = tuple(f":{port:04X}" for _, port in (server.api, server.address))
    count = 0
    with open("/proc/net/tcp") as table:
        for line in table:
            # sl local_address rem_address st; the ordinary client comes from 127.0.0.1, and 01 is ESTABLISHED.
            _, local, remote, state = line.split(maxsplit=4)[:4]
            count += local.endswith(ports) and state == "01" and not remote.startswith("0100007F")
    return count


if __name__ == "__main__":
    main()
