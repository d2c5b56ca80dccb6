"""Asks whether the time of an answer tells why a file is not found: unknown, another organization's, deleted, pending.

Sends requests of the four kinds in a random order over one connection and compares the times of each kind with those of
unknown files (Mann-Whitney U test: whether times of one kind tend to be longer). Two halves of the unknown ones, which
cannot differ, are compared in the same way.
"""

import argparse
import http.client
import json
import math
import random
import statistics
import tempfile
import time
import uuid

from cloakroom_server import CloakroomServer

ROUTES = {
    "GET /v1/files/{id}/download": lambda file_id: ("GET", f"/v1/files/{file_id}/download", None),
    "POST /v1/files/resolve": lambda file_id: (
        "POST",
        "/v1/files/resolve",
        json.dumps({"organization_id": "default", "file_ids": [file_id]}),
    ),
}


def main():
    """Measures every route and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000, help="of each kind (default: 10000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        server = CloakroomServer(directory)
        server.start()
        try:
            files = make_files(server, 200)
            print("| route | kind | median µs | p |\n|---|---|--:|--:|")
            for route, request in ROUTES.items():
                report(route, sample(server, files, request, options.samples))
        finally:
            server.stop()


def make_files(server, count):
    """Returns ids of each kind, and what asks for each: a key or headers."""
    gateway = server.command("keys", "create", "--gateway", "--data-dir", server.data)
    headers = {"Authorization": f"Bearer {gateway}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(*server.api)

    def call(method, path, organization, body=None, **fields):
        connection.request(method, path, body, {**headers, "X-Organization-ID": organization, **fields})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {content!r}")
        return json.loads(content) if content else None

    def upload(organization):
        kind = {"Content-Type": "application/octet-stream"}
        return call("POST", "/v1/files?filename=a", organization, b"bytes", **kind)["file_id"]

    declaration = json.dumps({"filename": "a", "content_type": "application/octet-stream", "size_bytes": 5})
    pending = [call("POST", "/v1/files/upload", "default", declaration)["file_id"] for _ in range(count)]
    deleted = [upload("default") for _ in range(count)]
    for file_id in deleted:
        call("DELETE", f"/v1/files/{file_id}", "default")
    server.gateway_headers = {**headers, "X-Organization-ID": "default"}
    return {
        # Of the age of the others: made and forgotten.
        "unknown": [f"{file_id[:-12]}{uuid.uuid4().hex[:12]}" for file_id in deleted],
        "another organization's": [upload("others") for _ in range(count)],
        "deleted": deleted,
        "pending": pending,
    }


def sample(server, files, request, samples):
    """Returns the times of each kind in nanoseconds; the unknown ones twice."""
    kinds = ["unknown", "unknown again", *list(files)[1:]]
    times = {kind: [] for kind in kinds}
    connection = http.client.HTTPConnection(*server.api)
    connection.connect()
    generator = random.Random(1)
    order = kinds * samples
    generator.shuffle(order)
    for kind in kinds * 500 + order:  # the first do not count
        file_id = generator.choice(files["unknown" if kind == "unknown again" else kind])
        method, path, body = request(file_id)
        start = time.perf_counter_ns()
        connection.request(method, path, body, server.gateway_headers)
        answer = connection.getresponse()
        content = answer.read()
        end = time.perf_counter_ns()
        if answer.status != 404:
            raise SystemExit(f"a file of the kind {kind} was answered {answer.status}: {content!r}")
        times[kind].append(end - start)
    return {kind: values[500:] for kind, values in times.items()}


def report(route, times):
    """Prints the medians, and how likely it is that chance alone makes such a difference from the unknown files."""
    for kind, values in times.items():
        chance = "" if kind == "unknown" else f"{mann_whitney(times['unknown'], values):.3f}"
        print(f"| {route} | {kind} | {statistics.median(values) / 1000:.1f} | {chance} |", flush=True)


def mann_whitney(left, right):
    """Returns the two-sided p of the Mann-Whitney U test (normal approximation, ties as their mean rank)."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    rank_sum, ties, position = 0.0, 0.0, 0
    while position < len(ranked):
        end = position
        while end < len(ranked) and ranked[end][0] == ranked[position][0]:
            end += 1
        mean_rank = (position + 1 + end) / 2
        rank_sum += mean_rank * sum(1 for _, side in ranked[position:end] if side == 0)
        ties += (end - position) ** 3 - (end - position)
        position = end
    n, m, total = len(left), len(right), len(ranked)
    u = rank_sum - n * (n + 1) / 2
    sigma = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    return math.erfc(abs(u - n * m / 2) / sigma / math.sqrt(2))


if __name__ == "__main__":
    main()
