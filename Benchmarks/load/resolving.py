"""Resolves file references, as a gateway does for every execution."""

import dataclasses
import json
import random
import sqlite3

import load

REFERENCES = 100  # of a request
BODIES = 200


class Resolving:
    """Requests for URLs of random files of the organization `default`."""

    def __init__(self):
        """Makes the requests of each server once."""
        self.bodies = {}

    def measure(self, server, seconds):
        """Resolves for some seconds; the value is the rate of references."""
        if server not in self.bodies:
            self.bodies[server] = bodies(server)
        headers = {"Authorization": f"Bearer {self.gateway_key(server)}"}
        result = load.post_lines(server.api, "/v1/files/resolve", self.bodies[server], 16, seconds, headers)
        return {**dataclasses.asdict(result), "value": result.requests_per_second * REFERENCES}

    @staticmethod
    def gateway_key(server):
        """Returns the server's key for gateways."""
        if not hasattr(server, "gateway_key"):
            server.gateway_key = server.command("keys", "create", "--gateway", "--data-dir", server.data)
        return server.gateway_key


def bodies(server):
    """Returns the bodies of requests, their references spread over all files that are ready."""
    with sqlite3.connect(f"file:{server.data}/catalog.sqlite?mode=ro", uri=True) as database:
        query = "SELECT lower(hex(id)) FROM files WHERE organization_id = 'default' AND sha256 IS NOT NULL"
        ids = [digits for (digits,) in database.execute(query)]
    generator = random.Random(1)
    return [
        json.dumps({"organization_id": "default", "file_ids": [reference(generator.choice(ids)) for _ in range(REFERENCES)]})
        for _ in range(BODIES)
    ]


def reference(digits):
    """Returns the reference of a file from the digits of its id."""
    return "file_" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
