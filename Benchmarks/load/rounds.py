"""Runs rounds: a discarded one first, then each server once in every round, in alternating order."""

import dataclasses
import os
import sys

import load


@dataclasses.dataclass
class Options:
    """How the rounds are run."""

    rounds: int
    seconds: int
    files: int | None
    work_dir: str
    large_transfers: int = 64
    idle_connections: int = 4000
    swift: str | None = None
    ceph: str | None = None
    catalog: int | None = None
    catalog_dir: str | None = None


class Rounds:
    """Runs rounds, and collects their rows."""

    def __init__(self, options):
        """Starts without rows."""
        self.options = options
        self.rows = []

    def files(self, size):
        """Returns how many files of a size to make."""
        return min(size.files, self.options.files or size.files)

    def run(self, workload, variant, servers, measure, unit="requests/s", better="higher"):
        """Measures every server in every round.

        `measure(server, seconds)` returns a `Load`, a number in the unit, or fields of a row with such a `value`.
        """
        for number in range(self.options.rounds + 1):
            ordered = servers if number % 2 else servers[::-1]
            for server in ordered:
                os.sync()
                server.reset_peak_memory()
                try:
                    measured = measure(server, self.options.seconds)
                except Exception as error:
                    log = server.log_tail()
                    raise load.RoundFailed(f"{workload} {variant}, {server.name}: {error}\n{log}") from error
                row = {"workload": workload, "variant": variant, "server": server.name, "round": number, "unit": unit}
                row |= {"better": better, **fields(measured, unit), "peak_bytes": server.peak_memory()}
                self.tell(row)
                if number > 0:
                    self.rows.append(row)

    @staticmethod
    def tell(row):
        """Says on standard error what was measured."""
        note = " (discarded)" if row["round"] == 0 else ""
        what = f"{row['workload']} {row['variant']} {row['server']}"
        print(f"{what}: {row['value']:,.2f} {row['unit']}{note}", file=sys.stderr, flush=True)
        if row.get("ran_out"):
            print(f"!!! {row['server']} RAN OUT of upload URLs after {row['seconds']:.2f} s", file=sys.stderr)


def fields(measured, unit):
    """Returns a measurement as fields of a row."""
    if isinstance(measured, dict):
        return measured
    if not isinstance(measured, load.Load):
        return {"value": measured}
    value = measured.megabytes_per_second if unit == "MB/s" else measured.requests_per_second
    return {"value": value, **dataclasses.asdict(measured)}
