"""The four ModelRoute pages: their commands, programs and answers, as they stand there."""

import json
import re

import pytest
from cloakroom import ROOT

PAGES = ROOT.parent / "shared" / "reference"
EXECUTIONS, DOWNLOADS, UPLOADS, QUICKSTART = (
    PAGES / f"modelroute-{name}.txt" for name in ("executions", "file-downloads", "file-uploads", "quickstart")
)

# What differs from run to run.
OWN = {"id", "execution_id", "file_id", "upload_url", "url", "expires_at", "created_at", "latency_ms", "size_bytes"}

needs_pages = pytest.mark.skipif(
    not all(page.exists() for page in (EXECUTIONS, DOWNLOADS, UPLOADS, QUICKSTART)),
    reason=f"the reference pages are not at {PAGES}",
)


def curl_listings(page):
    """Commands as they stand there: on while a line ends in a backslash, or a quotation is open."""
    found = []
    lines = iter(page.read_text().splitlines())
    for line in lines:
        if not line.startswith("curl "):
            continue
        listing = line
        while listing.endswith("\\") or listing.count("'") % 2:
            listing += "\n" + next(lines)
        found.append(listing)
    return found


def python_listings(page):
    """Programs as they stand there, to the next heading; the block under `with` has lost its indentation."""
    found = []
    for start in re.finditer(r"^import requests$", page.read_text(), re.MULTILINE):
        code = page.read_text()[start.start() :].partition("\nError handling\n")[0]
        found.append(re.sub(r"^(with .*:)\n(?=\S)", r"\1\n    ", code, flags=re.MULTILINE))
    return found


def examples(page):
    """The answers that a page shows."""
    text = page.read_text()
    starts = [match.start() for match in re.finditer(r"^\{$", text, re.MULTILINE)]
    return [json.JSONDecoder().raw_decode(text, start)[0] for start in starts]


def assert_like(answer, example):
    """The answer has every member of the page's, with its value where that is no accident."""
    for name, value in example.items():
        assert name in answer, (name, answer)
        if isinstance(value, dict):
            assert_like(answer[name], value)
        elif isinstance(value, list):
            assert len(answer[name]) == len(value)
            for one, other in zip(answer[name], value):
                assert_like(one, other)
        elif name not in OWN:
            assert answer[name] == value, name
