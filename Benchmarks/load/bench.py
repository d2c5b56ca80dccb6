"""Measures Cloakroom beside other servers; see ../README.md."""

import argparse
import json
import pathlib
import re
import resource
import signal
import sys
import tempfile

import directories
import environment
import load
import report
import workloads
from cloakroom_server import keep_binary
from rounds import Options, Rounds


def arguments():
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", metavar="REGEX", default="", help="run the workloads whose name matches")
    parser.add_argument("--list", action="store_true", help="print the names of the workloads")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s with 20 files, to see that all works")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after one that does not count (%(default)s)")
    parser.add_argument("--seconds", type=int, default=3, help="length of a round (%(default)s)")
    parser.add_argument("--files", type=int, help="fewer files than a workload would make")
    parser.add_argument("--swift", metavar="SCRIPT", help="also measure OpenStack Swift, started by this script")
    parser.add_argument("--ceph", metavar="SCRIPT", help="also measure Ceph's S3 gateway, started by this script")
    parser.add_argument("--catalog", type=int, metavar="FILES", help="number of files for `flatness`")
    parser.add_argument("--catalog-dir", metavar="DIR", help="where `flatness` keeps its data directories")
    parser.add_argument("--work-dir", metavar="DIR", help="where the data go (a temporary directory)")
    parser.add_argument("--json", metavar="FILE", help="save the raw rounds")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="measure nothing; report saved rounds")
    parser.add_argument("--write", action="store_true", help="write the report into docs/performance.md")
    return parser.parse_args()


def command(given):
    """Returns the command that measures the same again, without what is this machine's."""
    parts = ["scripts/bench"]
    for name in ("only", "rounds", "seconds", "files", "catalog"):
        value = getattr(given, name)
        if value not in (None, ""):
            parts += [f"--{name}", str(value)]
    parts += [f"--{name}=SCRIPT" for name in ("swift", "ceph") if getattr(given, name)]
    return parts + (["--quick"] if given.quick else [])


def measure(given):
    """Runs the workloads; returns the record of the run."""
    options = Options(
        rounds=2 if given.quick else given.rounds,
        seconds=1 if given.quick else given.seconds,
        files=given.files or (20 if given.quick else None),
        work_dir=given.work_dir,
        large_transfers=4 if given.quick else 64,
        idle_connections=100 if given.quick else 4000,
        swift=given.swift,
        ceph=given.ceph,
        catalog=given.catalog,
        catalog_dir=given.catalog_dir,
    )
    rounds = Rounds(options)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.work_dir) as directory:
        directories.prepare(directory)
        keep_binary(directory)
        record = environment.describe(command(given), options)
        options.work_dir = directory
        for name, run in workloads.all_workloads().items():
            if not re.search(given.only, name):
                continue
            run(rounds)
            record["rows"] = rounds.rows
            if given.json:
                pathlib.Path(given.json).write_text(json.dumps(record, indent=1))
    return record


def main():
    """Measures, or reads what was measured, and reports."""
    given = arguments()
    if given.list:
        print("\n".join(workloads.all_workloads()))
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended by SIGTERM"))
    try:
        if given.report:
            records = [json.loads(pathlib.Path(name).read_text()) for name in given.report]
        else:
            records = [measure(given)]
    except load.RoundFailed as failure:
        sys.exit(f"bench: {failure}")
    print(report.table(records))
    if given.write:
        report.write(records)


if __name__ == "__main__":
    main()
