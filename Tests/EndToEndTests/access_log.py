"""Reads the access log of a server."""

import json
import pathlib
import re

from cloakroom import Server
from held_connections import eventually

FIELDS = [
    "time", "request_id", "origin", "route", "status", "bytes_received", "bytes_sent", "duration_seconds",
    "organization", "key_id", "complete",
]  # fmt: skip
IDS = re.compile(r"[0-9a-f]{16}")


class LoggedServer(Server):
    """A server with an access log."""

    def __init__(self, directory, *options):
        self.path = pathlib.Path(directory) / "access.log"
        super().__init__(f"--access-log={self.path}", *options)

    def text(self):
        return self.path.read_text()

    def entries(self):
        return entries(self.text())

    def entry(self, request_id):
        """The one line of a request, once it is there."""
        assert IDS.fullmatch(request_id), request_id
        eventually(lambda: f'"request_id":"{request_id}"' in self.text())
        [entry] = [entry for entry in self.entries() if entry["request_id"] == request_id]
        return entry


def entries(text):
    """The lines, of which the last may still be being written."""
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    assert all(list(entry) == FIELDS for entry in found)
    return found


def request_id(response):
    """The id in an answer of either origin."""
    return response.headers.get("X-Request-ID") or response.headers["x-amz-request-id"]


def raw_id(fields):
    """The id in an answer that was read from a socket."""
    return fields.get("x-request-id") or fields["x-amz-request-id"]
