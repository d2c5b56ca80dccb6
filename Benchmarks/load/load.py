"""Generates load: wrk for small bodies, `big_put.py` for large ones."""

import dataclasses
import json
import pathlib
import subprocess
import tempfile

import requests

HERE = pathlib.Path(__file__).resolve().parent
BIG = 10_000_000  # bodies from this size on are not copied for every request, as wrk would


class RoundFailed(Exception):
    """Something in a round was not a success."""


@dataclasses.dataclass
class Load:
    """What a load generator saw. The rate counts requests that were answered, `bytes` every byte received or sent."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float | None
    p99_ms: float | None
    ran_out: bool = False

    @property
    def requests_per_second(self):
        """Returns the rate of requests."""
        return self.requests / self.seconds

    @property
    def megabytes_per_second(self):
        """Returns the rate of bytes, in 10^6."""
        return self.bytes / self.seconds / 1e6


def wrk(script, address, connections, seconds, headers, *arguments):
    """Runs a script of wrk; returns what it measured."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "60s", "-s", HERE / script]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += ["http://%s:%d" % address, "--", *arguments]
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    line = next((line for line in run.stdout.split("\n") if line.startswith("RESULT ")), None)
    if run.returncode or line is None:
        raise RoundFailed(f"wrk ended with {run.returncode}:\n{run.stdout}{run.stderr}")
    result = json.loads(line.removeprefix("RESULT "))
    errors = {name: count for name, count in result.pop("errors").items() if count}
    if errors:
        raise RoundFailed(f"wrk counted errors: {errors}")
    load = Load(**result)
    if load.requests < connections:  # most requests took longer than the round
        load.p50_ms = load.p99_ms = None
    return load


def get(address, targets, connections, seconds, headers={}):
    """GETs the targets in turn."""
    with lines(targets) as file:
        try:
            return wrk("get.lua", address, connections, seconds, headers, file.name)
        except RoundFailed as failure:
            raise RoundFailed(f"{failure}\n{again('GET', address, targets[0], headers)}") from None


def post(address, target, body, connections, seconds, headers={}):
    """POSTs one JSON body again and again."""
    try:
        # wrk takes the target from its URL.
        return wrk("post.lua", address, connections, seconds, headers, target, body.decode())
    except RoundFailed as failure:
        fields = {**headers, "Content-Type": "application/json"}
        raise RoundFailed(f"{failure}\n{again('POST', address, target, fields, body)}") from None


def post_lines(address, target, bodies, connections, seconds, headers):
    """POSTs JSON bodies in turn."""
    with lines(bodies) as file:
        try:
            return wrk("post_lines.lua", address, connections, seconds, headers, target, file.name)
        except RoundFailed as failure:
            fields = {**headers, "Content-Type": "application/json"}
            raise RoundFailed(f"{failure}\n{again('POST', address, target, fields, bodies[0])}") from None


def put(address, targets, size, connections, seconds, headers):
    """PUTs a body to each target, once."""
    with lines(targets) as file:
        try:
            if size < BIG:
                return wrk("put.lua", address, connections, seconds, headers, file.name, size)
            return big_put(address, file.name, size, connections, seconds, headers)
        except RoundFailed as failure:
            raise RoundFailed(f"{failure}\n{again('PUT', address, targets[-1], headers, bytes(size))}") from None


def big_put(address, file_name, size, connections, seconds, headers):
    """PUTs large bodies with a loader of our own."""
    settings = {
        "address": address,
        "targets": file_name,
        "size": size,
        "connections": connections,
        "seconds": seconds,
        "headers": headers,
    }
    command = ["python3", HERE / "big_put.py", json.dumps(settings)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RoundFailed(f"big_put.py ended with {run.returncode}:\n{run.stdout}{run.stderr}")
    return Load(**json.loads(run.stdout))


def lines(targets):
    """Returns a temporary file with a target in each line."""
    file = tempfile.NamedTemporaryFile("w", prefix="targets-", suffix=".txt")
    file.write("\n".join(targets) + "\n")
    file.flush()
    return file


def again(method, address, target, headers, body=None):
    """Sends one request more, so that the report has the server's own words."""
    try:
        url = "http://%s:%d%s" % (*address, target)
        answer = requests.request(method, url, headers=headers, data=body, timeout=60)
    except requests.RequestException as error:
        return f"one {method} more: {error}"
    return f"one {method} more: {answer.status_code}\n{answer.text[:1000] if answer.status_code >= 300 else ''}"
