"""The fenced listings of README, docs and the DocC page: found, run, and compared with what really comes."""

import contextlib
import dataclasses
import os
import pathlib
import re
import shlex
import signal
import subprocess
import threading

import pytest
from cloakroom import BINARY, EVIDENCE, KEY, ROOT

PLACES = ["*.md", "docs/**/*.md", "Examples/**/*.md", "Fuzzing/**/*.md", "Benchmarks/**/*.md", "Sources/**/*.md"]
# A listing that is taken by a test: its document and how it begins.
TAKEN = set()
SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Listing:
    document: str
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.document}:{self.line}"

    def substituted(self, values):
        """The text with other values; each of them has to be there."""
        text = self.text
        for old, new in values.items():
            assert old in text, f"{self} has no {old!r}"
            text = text.replace(old, str(new))
        return text


def documents():
    paths = {path for place in PLACES for path in ROOT.glob(place)}
    return sorted(path for path in paths if not {".build", ".venv"} & set(path.parts))


def listings_of(path):
    """The fenced blocks of a document; one that does not end fails."""
    name, found, fence = str(path.relative_to(ROOT)), [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r"\s*(`{3,}|~{3,})(.*)", line)
        if fence is None and match:
            fence, start, language, lines = match[1], number, match[2].strip(), []
        elif fence is not None and match and match[1].startswith(fence) and not match[2].strip():
            found.append(Listing(name, start, language, "\n".join(lines) + "\n"))
            fence = None
        elif fence is not None:
            lines.append(line)
    assert fence is None, f"{name}: the listing in line {start} has no end"
    return found


def every_listing():
    return [listing for path in documents() for listing in listings_of(path)]


def find(document, opening):
    found = [listing for listing in listings_of(ROOT / document) if listing.text.startswith(opening)]
    assert len(found) == 1, f"{document} has {len(found)} listings that begin with {opening!r}"
    return found[0]


def takes(document, *openings):
    """Hands a test the listings of a document that begin so."""
    TAKEN.update((document, opening) for opening in openings)
    return pytest.mark.parametrize("listings", [(document, openings)], indirect=True, ids=[openings[0][:30]])


# MARK: Comparing

# What differs from run to run, in a listing as in an answer.
VARIABLE = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}": "<uuid>",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": "<time>",
    r"\d{8}T\d{6}Z": "<date>",
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT": "<date>",
    r"127\.0\.0\.1:\d+": "<address>",
    r"max-age=\d+": "max-age=<seconds>",
    r"blobs/[0-9a-f]{2}/": "blobs/<shard>/",
    r"key_[0-9a-f]{16}": "<key id>",
    r"sk_[0-9a-f]{8}\b": "<key>",
    r"CLK[0-9A-Z]{17}": "<access key id>",
}


def generic(text, numbers=False):
    for pattern, word in VARIABLE.items():
        text = re.sub(pattern, word, text)
    return re.sub(r"\b\d+(\.\d+)?\b", "<number>", text) if numbers else text


def same(expected, received, numbers=False):
    """Whether a text is as listed: what varies may differ, and `…` stands for anything."""
    pattern = re.escape(generic(expected, numbers)).replace("…", ".+?")
    return re.fullmatch(pattern, generic(received, numbers)) is not None


def assert_lines(listing, received, numbers=False):
    """Compares lines one by one; empty ones do not count."""
    expected, received = ([line for line in text.splitlines() if line] for text in (listing.text, received))
    assert len(expected) == len(received), f"{listing}: {received}"
    for line, other in zip(expected, received):
        assert same(line, other, numbers), f"{listing} says\n{line}\nbut it is\n{other}"


def responses(text):
    """The responses that `curl -i` printed: status line, fields, body."""
    found = []
    for part in re.split(r"^(?=HTTP/1\.1 )", text.replace("\r\n", "\n"), flags=re.MULTILINE):
        head, _, body = part.partition("\n\n")
        if head:
            status, *fields = head.splitlines()
            found.append((status, fields, body.strip("\n")))
    return found


def assert_responses(listing, received):
    """Compares responses; fields that are not listed may come as well."""
    expected, received = responses(listing.text), responses(received)
    assert [status for status, _, _ in expected] == [status for status, _, _ in received], f"{listing}: {received}"
    for (_, fields, body), (_, others, other_body) in zip(expected, received):
        for field in fields:
            assert any(same(field, other) for other in others), f"{listing} has {field!r}, not among {others}"
        assert same(body, other_body), f"{listing} says\n{body}\nbut it is\n{other_body}"


# MARK: Running


class Shell:
    """Runs listings in bash, one after the other: variables stay. A program `cloakroom` is on the path."""

    def __init__(self, directory, **environment):
        self.directory = directory
        self.state = directory / "state"
        self.state.touch()
        programs = directory / "bin"
        programs.mkdir()
        (programs / "cloakroom").symlink_to(pathlib.Path(BINARY).resolve())
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **environment}

    def script(self, text):
        # What each curl prints gets a line of its own.
        curl = 'curl() { command curl "$@"; echo; }'
        return f'set -eu -o pipefail -a\n. "{self.state}"\n{curl}\n{text}\nexport -p >"{self.state}"\n'

    def run(self, text, check=True, cwd=None):
        result = subprocess.run(
            ["bash", "-c", self.script(text)],
            cwd=cwd or self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        EVIDENCE.text("stderr of a listing", result.stderr)
        for key in KEY.findall(result.stdout):
            EVIDENCE.secret(key)
        EVIDENCE.signature_of(result.stdout)
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def set(self, **values):
        for name, value in values.items():
            self.state.write_text(self.state.read_text() + f"declare -x {name}={shlex.quote(value)}\n")

    @contextlib.contextmanager
    def serving(self, text, count=3):
        """Runs a listing that starts a server, and yields the first lines that it prints."""
        process = subprocess.Popen(
            ["bash", "-c", f"set -eu\n{text}\nwait"],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        watchdog = threading.Timer(SECONDS, os.killpg, [process.pid, signal.SIGKILL])
        watchdog.start()
        try:
            yield "".join(process.stdout.readline() for _ in range(count))
        finally:
            watchdog.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.stdout.read()
            process.wait(SECONDS)


@pytest.fixture
def listings(request):
    document, openings = request.param
    return [find(document, opening) for opening in openings]


@pytest.fixture
def listing(listings):
    [listing] = listings
    return listing


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)
