"""Rounds of uploads, each request to a URL of its own."""

import math
import os

import load


class Uploads:
    """PUTs to fresh URLs, and learns how many a round needs."""

    def __init__(self, size, connections=None):
        """Takes the size."""
        self.size = size
        self.connections = connections or size.put_connections
        self.rates = {}

    def measure(self, server, seconds):
        """PUTs for some seconds; the first time for one second, and with as many URLs as a slow server needs."""
        server.discard_uploads()
        count = 10 * self.connections if self.size.is_big else 3000
        if server in self.rates:
            margin = 4 if self.size.is_big else 2
            count = max(count, math.ceil(margin * self.rates[server] * seconds) + 2 * self.connections)
        else:
            seconds = 1
        targets = server.upload_targets(self.size.size, count)
        os.sync()
        server.reset_peak_memory()
        result = load.put(server.address, targets, self.size.size, self.connections, seconds, server.upload_headers)
        self.rates[server] = max(result.requests_per_second, self.rates.get(server, 0))
        return result
