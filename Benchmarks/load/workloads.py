"""The workloads: which servers, which requests."""

import contextlib
import dataclasses
import socket

import flatness
import load
import sizes
from cloakroom_server import CloakroomServer
from peers import FastAPIApplication, Lighttpd, Nginx
from scripted_peers import CephGateway, OpenStackSwift
from resolving import Resolving
from server import running
from uploads import Uploads


def all_workloads():
    """Returns every workload by name: a function that takes the rounds."""
    named = {}
    for size in sizes.ALL:
        named[f"get-{size.label}"] = lambda rounds, size=size: download(rounds, size)
    for size in sizes.ALL:
        named[f"put-{size.label}"] = lambda rounds, size=size: upload(rounds, size)
    named["mint"] = mint
    for label in ("4KiB", "1MiB"):
        named[f"direct-download-{label}"] = lambda rounds, size=sizes.BY_LABEL[label]: direct_download(rounds, size)
    named["resolve"] = resolve
    named["memory-uploads"] = memory_uploads
    named["memory-downloads"] = memory_downloads
    named["memory-idle"] = memory_idle
    for label in ("4KiB", "1MiB", "100MB"):
        named[f"cpu-{label}"] = lambda rounds, size=sizes.BY_LABEL[label]: cpu(rounds, size)
    named["flatness"] = flatness.flatness
    named["flatness-resolve"] = flatness.flatness_resolve
    return named


def stores(options):
    """Returns the object stores that are measured, too."""
    swift = [OpenStackSwift.started_by(options.swift)] if options.swift else []
    ceph = [CephGateway.started_by(options.ceph)] if options.ceph else []
    return swift + ceph


def download(rounds, size):
    """GETs presigned URLs at 1, 16 and 256 connections."""
    kinds = [CloakroomServer, Nginx, Lighttpd, *stores(rounds.options)]
    with running(kinds, rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, rounds.files(size))
        for connections in (1, 16, 256):
            targets = {server: server.download_targets() for server in servers}

            def measure(server, seconds):
                """GETs for some seconds."""
                return load.get(server.address, targets[server], connections, seconds)

            variant = f"{connections} connection{'s' if connections > 1 else ''}"
            rounds.run(f"get-{size.label}", variant, servers, measure, size.unit)


def upload(rounds, size):
    """PUTs bodies, each to a fresh URL."""
    with running([CloakroomServer, Nginx, *stores(rounds.options)], rounds.options.work_dir) as servers:
        variant = f"{size.put_connections} connections"
        rounds.run(f"put-{size.label}", variant, servers, Uploads(size).measure, size.unit)


def mint(rounds):
    """Declares files: the API against the service that most teams write."""
    with running([CloakroomServer, FastAPIApplication], rounds.options.work_dir) as servers:
        for connections in (16, 64):

            def measure(server, seconds):
                """Mints for some seconds."""
                body = server.declaration(4096)
                return load.post(server.api, "/v1/files/upload", body, connections, seconds, server.api_headers)

            rounds.run("mint", f"{connections} connections", servers, measure)


def resolve(rounds):
    """Turns references into URLs, 100 with each request."""
    size = sizes.BY_LABEL["1KiB"]
    with running([CloakroomServer], rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, rounds.files(size))
        rounds.run("resolve", "16 connections, 100 references", servers, Resolving().measure, "references/s")


def direct_download(rounds, size):
    """GETs bytes through the API, with an API key."""
    with running([CloakroomServer], rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, rounds.files(size))

        def measure(server, seconds):
            """GETs for some seconds."""
            return load.get(server.api, server.direct_targets(), 16, seconds, server.api_headers)

        rounds.run(f"direct-download-{size.label}", "16 connections", servers, measure)


def memory_uploads(rounds):
    """Measures the peak of the memory while many large uploads run at once."""
    count, size = rounds.options.large_transfers, sizes.BY_LABEL["100MB"]
    with running([CloakroomServer, Nginx], rounds.options.work_dir) as servers:

        def measure(server, _):
            """Uploads once on each connection."""
            server.discard_uploads()
            targets = server.upload_targets(size.size, count)
            server.reset_peak_memory()
            load.put(server.address, targets, size.size, count, 0, server.upload_headers)
            return server.peak_memory() / 1e6

        rounds.run("memory-uploads", f"{count} × 100 MB at once, peak", servers, measure, "MB", "lower")


def memory_downloads(rounds):
    """Measures the peak of the memory while many large downloads run at once."""
    count, size = rounds.options.large_transfers, sizes.BY_LABEL["100MB"]
    with running([CloakroomServer, Nginx], rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, rounds.files(size))

        def measure(server, seconds):
            """Downloads for some seconds."""
            load.get(server.address, server.download_targets(), count, seconds)
            return server.peak_memory() / 1e6

        rounds.run("memory-downloads", f"{count} × 100 MB at once, peak", servers, measure, "MB", "lower")


def memory_idle(rounds):
    """Measures the memory beside connections that wait for their next request."""
    count, size = rounds.options.idle_connections, sizes.BY_LABEL["1KiB"]
    with running([CloakroomServer, Nginx], rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, 1)

        def measure(server, _):
            """Opens the connections, uses each once, and looks."""
            host, port = server.address
            request = f"GET {server.download_targets()[0]} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
            with contextlib.ExitStack() as stack:
                for _ in range(count):
                    connection = stack.enter_context(socket.create_connection(server.address))
                    connection.sendall(request.encode())
                    received = connection.recv(65536)
                    if not received.startswith(b"HTTP/1.1 200"):
                        raise load.RoundFailed(f"an idle connection was answered {received[:500]!r}")
                return server.resident_memory() / 1e6

        rounds.run("memory-idle", f"{count:,} idle connections", servers, measure, "MB", "lower")


def cpu(rounds, size):
    """Measures the CPU time of downloads: of 100,000 small ones, or of 100 GiB of large ones."""
    with running([CloakroomServer, Nginx], rounds.options.work_dir) as servers:
        for server in servers:
            server.prepare_files(size.size, rounds.files(size))
        per_bytes = size.size >= 1 << 20
        variant = "16 connections, " + ("100 GiB" if per_bytes else "100,000 requests")

        def measure(server, seconds):
            """GETs for some seconds, and scales the CPU time to the amount in the variant."""
            targets = server.download_targets()
            before = server.cpu_seconds()
            result = load.get(server.address, targets, 16, seconds)
            share = result.bytes / (100 << 30) if per_bytes else result.requests / 100_000
            return {**dataclasses.asdict(result), "value": (server.cpu_seconds() - before) / share}

        rounds.run(f"cpu-{size.label}", variant, servers, measure, "CPU s", "lower")
