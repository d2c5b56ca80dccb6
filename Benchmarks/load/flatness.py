"""Compares Cloakroom with many files and with few: a large catalogue must not make it slower."""

import pathlib
import shutil
import subprocess
import sys

import load
import sizes
from cloakroom_server import CloakroomServer
from resolving import Resolving
from server import running
from uploads import Uploads

HERE = pathlib.Path(__file__).resolve().parent
FEW = 1000


class ManyFiles(CloakroomServer):
    """Cloakroom on a filled data directory; what a round adds stays."""

    filled = None

    @classmethod
    def of(cls, filled, count):
        """Returns this kind of server with its filled data directory."""
        return type(cls.__name__, (cls,), {"name": f"cloakroom, {count:,} files", "filled": filled})

    def start(self):
        """Starts the server on the filled directory."""
        self.data = self.filled
        super().start()

    def discard_uploads(self):
        """Keeps them: a few files more make no difference here."""


class FewFiles(ManyFiles):
    """Cloakroom on a copy of a filled data directory, so that it never has many files."""

    def start(self):
        """Starts the server on its copy."""
        if not (self.data / "catalog.sqlite").exists():
            shutil.copytree(self.filled, self.data, dirs_exist_ok=True)
        CloakroomServer.start(self)

    def discard_uploads(self):
        """Starts the server on a new copy."""
        CloakroomServer.discard_uploads(self)


def fill(directory, count):
    """Fills a data directory, unless that has been done before; returns it."""
    filled = pathlib.Path(directory) / f"catalog-{count}"
    if not filled.exists():
        unfinished = filled.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run([sys.executable, HERE / "fill_catalog.py", unfinished, str(count)], check=True)
        unfinished.rename(filled)
    return filled


def kinds(options):
    """Returns the servers with many and with few files; none without `--catalog`."""
    if not options.catalog:
        print("flatness: skipped; it needs --catalog FILES", file=sys.stderr)
        return []
    directory = options.catalog_dir or options.work_dir
    many = ManyFiles.of(fill(directory, options.catalog), options.catalog)
    return [many, FewFiles.of(fill(directory, FEW), FEW)]


def flatness_resolve(rounds):
    """Measures resolving references with many and with few files."""
    with running(kinds(rounds.options), rounds.options.work_dir) as servers:
        if servers:
            variant = "16 connections, 100 references"
            rounds.run("flatness-resolve", variant, servers, Resolving().measure, "references/s")


def flatness(rounds):
    """Measures start-up, lists, downloads, uploads and minting with many and with few files."""
    options = rounds.options
    with running(kinds(options), options.work_dir) as servers:
        if not servers:
            return
        rounds.run("flatness-start", "until it listens", servers, start_up, "ms", "lower")
        rounds.run("flatness-list", "first page, 16 connections", servers, first_page)
        size = sizes.BY_LABEL["4KiB"]
        for server in servers:
            server.prepare_files(size.size, rounds.files(size))
        targets = {server: server.download_targets() for server in servers}

        def download(server, seconds):
            """GETs for some seconds."""
            return load.get(server.address, targets[server], 16, seconds)

        rounds.run("flatness-get-4KiB", "16 connections", servers, download)
        rounds.run("flatness-put-4KiB", "16 connections", servers, Uploads(size).measure)
        rounds.run("flatness-mint", "16 connections", servers, mint)


def start_up(server, _):
    """Starts the server again; returns the milliseconds until it listens."""
    server.stop()
    server.start()
    return server.ready_after * 1000


def first_page(server, seconds):
    """Lists for some seconds."""
    return load.get(server.api, ["/v1/files"], 16, seconds, server.api_headers)


def mint(server, seconds):
    """Mints for some seconds."""
    server.discard_uploads()
    body = server.declaration(4096)
    return load.post(server.api, "/v1/files/upload", body, 16, seconds, server.api_headers)
