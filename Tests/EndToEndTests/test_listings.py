"""Every listing of README, docs and the DocC page is run, compiled, or compared with what it tells of."""

import json
import re
import shutil
import subprocess
import textwrap

import pytest
import test_example_listings
import test_listed_configuration
import test_listed_events
import test_listed_stores
from cloakroom import ROOT, command
from listing_commands import check_command, check_syntax, commands_of
from listings import TAKEN, assert_lines, assert_responses, every_listing, find, listing, listings, shell, takes

# Each of them takes listings.
OTHERS = [test_example_listings, test_listed_configuration, test_listed_events, test_listed_stores]
DOCC = "Sources/CloakroomClient/CloakroomClient.docc/CloakroomClient.md"


def test_every_listing_is_taken_by_a_test():
    """A new one needs a test that runs it, or that compares it with something real."""
    taken = {find(*place) for place in TAKEN}
    assert sorted(str(listing) for listing in set(every_listing()) - taken) == []


# MARK: Pictures


def default_addresses():
    """Where the listeners listen without options, as the help says."""
    usage = command("serve", "--help").stdout
    return dict(re.findall(r"--(api|storage|operations)-address <.*?\(default:\s+(\S+)\)", usage, re.DOTALL))


def declared_types():
    """Every type that the program's sources declare."""
    sources = [path.read_text() for path in (ROOT / "Sources").rglob("*.swift")]
    return {name for source in sources for name in re.findall(r"\b(?:struct|class|enum|actor|protocol) (\w+)", source)}


@takes("README.md", "client               your server or gateway")
def test_the_picture_has_routes_and_ports_that_there_are(listing, server, client):
    description = client.get("/openapi.yaml").text
    routes = re.findall(r"\b(POST|GET) (/v1/\S+)", listing.text)
    assert len(routes) == 2
    for method, route in routes:
        assert re.search(rf"^  {route}:\n(    .*\n)*?    {method.lower()}:", description, re.MULTILINE), route
    ports = dict(re.findall(r"(API|storage origin) :(\d+)", listing.text))
    addresses = default_addresses()
    assert ports == {"API": addresses["api"].split(":")[1], "storage origin": addresses["storage"].split(":")[1]}


@pytest.mark.parametrize("opening", ["PUT /uploads/", "GET /files/", "DELETE /v1/"])
def test_the_tour_leads_to_functions_that_there_are(opening):
    steps = re.findall(r"^.*?  (\S+\.swift) +(\w+)$", find("docs/tour.md", opening).text, re.MULTILINE)
    assert len(steps) > 8
    for name, function in steps:
        [path] = (ROOT / "Sources").rglob(name)
        assert re.search(rf"\b(func|struct|class) {function}\b", path.read_text()), (name, function)


TAKEN.update(("docs/tour.md", opening) for opening in ("PUT /uploads/", "GET /files/", "DELETE /v1/"))


@takes("README.md", "Sources/\n")
def test_the_map_has_every_folder(listing):
    folders, inner = [], []
    for line in listing.text.splitlines()[1:]:
        names = re.findall(r"\b(\w+)/(?=\s)", line)
        (folders if line.startswith("  ") and line[2] != " " else inner).extend(names)
    sources = ROOT / "Sources"
    assert sorted(folders) == sorted(path.name for path in sources.iterdir() if path.is_dir())
    assert sorted(inner) == sorted(path.name for path in (sources / "CloakroomServer").iterdir() if path.is_dir())
    listed = re.findall(r"(API|Storage|Operations)(?:Origin)?/.*(127\.0\.0\.1:\d+)", listing.text)
    assert {folder.lower(): address for folder, address in listed} == default_addresses()


@pytest.mark.parametrize("opening", ["bytes → HTTPHeadParser", "request → Route"])
def test_the_paths_are_made_of_types_that_there_are(opening):
    listing = find("docs/architecture.md", opening)
    names = re.findall(r"\b(?:[A-Z]+[a-z]+){2,}\b|\b(?:Route|Principal|Grant|Verifier)\b", listing.text)
    assert len(names) > 3 and set(names) <= declared_types()


TAKEN.update({("docs/architecture.md", "bytes → HTTPHeadParser"), ("docs/architecture.md", "request → Route")})


@takes("docs/engines.md", "storage-data/")
def test_the_data_directory_has_what_is_listed(listing, server, client):
    small, large = client.upload(b"x" * 100), client.upload(b"x" * 100_000)
    lines = [line for line in listing.text.splitlines() if line.startswith("  ")]
    depths = [len(line) - len(line.lstrip()) for line in lines]
    entries = [(depth, line.split("  ")[depth // 2]) for depth, line in zip(depths, lines)]
    top = {name.rstrip("/").split()[0] for depth, name in entries if depth == 2}
    found = {path.name for path in server.data_dir.iterdir()}
    assert top | {"catalog.sqlite-wal", "catalog.sqlite-shm"} == found
    blobs = {name.rstrip("/") for depth, name in entries if depth == 4} - {"00/ … ff"}
    assert blobs | {f"{number:02x}" for number in range(256)} == {
        path.name for path in (server.data_dir / "blobs").iterdir()
    }
    assert (server.data_dir / "blobs" / large[-2:] / large.removeprefix("file_")).stat().st_size == 100_000
    assert not (server.data_dir / "blobs" / small[-2:] / small.removeprefix("file_")).exists()
    assert [path.name for path in (server.data_dir / "blobs/packs").iterdir()]


# MARK: Commands that take long

LONG = {
    "README.md": ["scripts/serve"],
    "docs/performance.md": ["scripts/bench --only '^put|"],
    "docs/reliability.md": [
        "# One loss at each point", "swift test --filter CloakroomStorageTests.FaultTests",
        ".venv/bin/pytest Tests/EndToEndTests/test_reference_model.py", ".venv/bin/python",
        "Benchmarks/.venv/bin/python Benchmarks/load/slow_clients.py",
        "Benchmarks/.venv/bin/python Benchmarks/load/soak.py",
    ],
    "Fuzzing/README.md": ["scripts/fuzz"],
    "Benchmarks/README.md": ["scripts/bench --quick"],
}  # fmt: skip
LONG = [(document, opening) for document, openings in LONG.items() for opening in openings]
TAKEN.update(LONG)


@pytest.mark.parametrize("document,opening", LONG)
def test_programs_options_and_targets_are_there(document, opening):
    listing = find(document, opening)
    check_syntax(listing)
    for words in commands_of(listing):
        check_command(words)


# MARK: README's session


@takes(
    "README.md", "KEY=sk_…", '{"file_id":"file_01a1fa8d-56a2-7000-9ff0-f481e3338277","upload_url"', "# 2.",
    "HTTP/1.1 200 OK", "# 3.", '{"file_id":"file_01a1fa8d-56a2-7000-9ff0-f481e3338277","filename"', "# 4.",
    "HTTP/1.1 206", "# Or in one request",
)  # fmt: skip
def test_the_session_of_the_readme_goes_as_listed(listings, server, client, shell):
    declare, ticket, upload, sealed, look, answers, use, transcript, at_once = listings
    output = shell.run(declare.substituted({"sk_…": client.key, "http://127.0.0.1:8080": server.api})).stdout
    assert_lines(ticket, output)
    shell.set(UPLOAD_URL=json.loads(output)["upload_url"], FILE_ID=json.loads(output)["file_id"])
    assert_responses(sealed, shell.run(upload.text).stdout)
    output = shell.run(look.text).stdout
    assert_lines(answers, output)
    shell.set(URL=json.loads(output.splitlines()[-1])["url"])
    assert_responses(transcript, shell.run(use.text).stdout)
    files = [json.loads(line) for line in shell.run(at_once.text).stdout.splitlines()]
    assert len(files) == 2
    for file in files:
        assert (file["filename"], file["content_type"], file["size_bytes"]) == ("hello.txt", "text/plain", 6)


# MARK: Swift


def imports_and_body(listing):
    lines = listing.text.splitlines()
    body = "\n".join(line for line in lines if not line.startswith("import ")).strip("\n")
    return [line for line in lines if line.startswith("import ")], body


@takes(
    DOCC, "import CloakroomClient", "let file = try await", "for try await (event", "guard let webhookSecret",
    "guard let image", "do {",
)  # fmt: skip
def test_swift_listings_are_compiled_by_the_client_tests(listings):
    """`swift test` compiles and runs `ListingTests.swift`, which has them, whatever their indentation."""
    source = (ROOT / "Tests/CloakroomClientTests/ListingTests.swift").read_text()
    lines = source.splitlines()
    for listing in listings:
        imports, body = imports_and_body(listing)
        assert set(imports) <= set(lines), f"{listing}: {imports}"
        count = body.count("\n") + 1
        windows = ("\n".join(lines[start : start + count]) for start in range(len(lines)))
        assert any(textwrap.dedent(window) == body for window in windows), f"{listing} is not in ListingTests.swift"


STUB = """
public enum Status: Sendable { case ready }
public struct File: Sendable { public let status = Status.ready }
public struct Client: Sendable {
    public func file(_ id: String) async throws(CloakroomError) -> File { throw .cancelled }
}
"""


def test_failures_can_be_told_apart_at_the_top_level_of_a_program(tmp_path):
    """A pattern in `catch` crashes the compiler of Swift 6.3.1 there."""
    if shutil.which("swiftc") is None:
        pytest.skip("no Swift toolchain to compile the listing with")
    program = 'let client = Client()\nlet id = ""\n' + find(DOCC, "do {").text
    (tmp_path / "main.swift").write_text(program)
    (tmp_path / "Client.swift").write_text(STUB)
    error = ROOT / "Sources/CloakroomClient/CloakroomError.swift"
    line = ["swiftc", "-c", "-swift-version", "6", "-warnings-as-errors", "main.swift", "Client.swift", error]
    result = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
