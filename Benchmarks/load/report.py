"""Reports rounds: a Markdown table, and a section and a chart of the documentation."""

import re
import shlex
import statistics

import chart
from cloakroom_server import ROOT

DOCUMENT = ROOT / "docs/performance.md"
CHART = ROOT / "docs/performance.svg"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def grouped(records):
    """Returns the rows by workload and variant, then by server; a later record replaces a group of an earlier one."""
    groups = {}
    for record in records:
        fresh = {}
        for row in record["rows"]:
            fresh.setdefault((row["workload"], row["variant"]), {}).setdefault(row["server"], []).append(row)
        groups |= fresh
    return groups


def median(rows, field):
    """Returns the median of a field over the rounds that have it."""
    values = [row[field] for row in rows if row.get(field) is not None]
    return statistics.median(values) if values else None


def ratio(own, other):
    """Returns the median over the rounds of Cloakroom's value divided by the other's; `None` if that was always 0."""
    others = {row["round"]: row["value"] for row in other}
    ratios = [row["value"] / others[row["round"]] for row in own if others.get(row["round"])]
    return statistics.median(ratios) if ratios else None


def number(value):
    """Formats a number with about three digits, or its absence."""
    if value is None:
        return "–"
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def table(records):
    """Returns the table; in every group the first server is Cloakroom."""
    lines = [
        "| workload | | server | median | p50 ms | p99 ms | peak memory MB | Cloakroom ÷ it |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for (workload, variant), servers in grouped(records).items():
        own = next(iter(servers))
        for name, rows in servers.items():
            memory = median(rows, "peak_bytes")
            cells = [workload, variant, name, f"{number(median(rows, 'value'))} {rows[0]['unit']}"]
            cells += [number(median(rows, "p50_ms")), number(median(rows, "p99_ms")), number(memory and memory / 1e6)]
            cells.append("" if name == own else number(ratio(servers[own], rows)))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def bars(records):
    """Returns the bars of the chart: label, server, and how many times as good Cloakroom is."""
    found = []
    for (workload, variant), servers in grouped(records).items():
        own, *others = servers
        for name in others:
            value = ratio(servers[own], servers[name])
            if not value:
                continue
            lower = servers[own][0]["better"] == "lower"
            found.append((f"{workload}, {variant}", name, 1 / value if lower else value))
    return found


def unique(values):
    """Returns the values without repetitions, in their order."""
    return list(dict.fromkeys(values))


def section(records):
    """Returns the section of the documentation."""
    machine = "{processor}, {cores} cores, {memory}, {kernel}, {distribution}"
    machines = unique(machine.format(**record["machine"]) for record in records)
    versions = unique(f"- {name}: {version}" for r in records for name, version in r["versions"].items())
    commands = unique(shlex.join(record["command"]) for record in records)
    run = "{date}: {rounds} rounds of {seconds} s, after one that does not count"
    runs = unique(run.format(**record) for record in records)
    return "\n".join(
        [
            "![How many times as good Cloakroom is](performance.svg)",
            "",
            "Every value is the median of the rounds; the last column is the median of the ratios of each round. More",
            "is better, but in rows in MB, ms and CPU s less is. Servers and load generator share the machine. Peak",
            "memory is VmHWM, summed over a server's processes. Uploads to nginx are neither authenticated nor flushed",
            "to the disk.",
            "",
            table(records),
            "",
            *[f"- {line}" for line in machines + runs],
            *versions,
            "",
            "```sh",
            *commands,
            "```",
        ]
    )


def write(records):
    """Writes the section between its markers, and the chart."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else "# Performance\n"
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    replacement = f"{BEGIN}\n{section(records)}\n{END}"
    text = re.sub(f"{BEGIN}.*?{END}", lambda _: replacement, text, flags=re.DOTALL)
    DOCUMENT.write_text(text)
    CHART.write_text(chart.svg(bars(records)))
