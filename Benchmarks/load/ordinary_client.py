"""The ordinary client: mints, PUTs and GETs of 4 KiB, a third each, of which each has its time.

A request is sent when it is due, whatever became of those before, and its latency counts from then.
"""

import array
import collections
import contextlib
import multiprocessing
import os
import selectors
import time

from cloakroom_server import CONTENT_TYPE
from exchange import Connection, Refused

SMALL = 4_096
ORDINARY = ("mint", "PUT", "GET")


def ordinary_requests(server, options):
    """Returns what the ordinary client sends."""
    server.prepare_files(SMALL, 200)
    host = "Host: %s:%d\r\n" % server.address
    put = f"{host}Content-Type: {CONTENT_TYPE}\r\nContent-Length: {SMALL}\r\n\r\n"
    return {
        "api": server.api,
        "storage": server.address,
        "rate": options.rate,
        "seconds": options.seconds,
        "mint": server.request("POST", "/v1/files/upload", server.declaration(SMALL)),
        "GET": [f"GET {target} HTTP/1.1\r\n{host}\r\n".encode() for target in server.download_targets()],
        "fields": put.encode(),
        # So many that a PUT need not wait for a mint.
        "targets": server.upload_targets(SMALL, options.rate),
    }


def make_requests(server, plan, meanwhile=lambda: None):
    """Makes ordinary requests in a process of their own, and calls a function every second meanwhile.

    Returns the latencies and the number of requests that failed.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    client = context.Process(target=request, args=(plan, theirs), daemon=True)
    client.start()
    end = time.monotonic() + plan["seconds"] + 60
    while not ours.poll(1):
        if not client.is_alive() or time.monotonic() > end:
            client.terminate()
            raise SystemExit(f"the ordinary client did not end\n{server.log_tail()}")
        meanwhile()
    answer = ours.recv()
    client.join()
    return answer


def request(plan, pipe):
    """Makes ordinary requests, each at its time, and sends their latencies and the number that failed."""
    client = OrdinaryClient(plan)
    client.run()
    pipe.send((client.latencies, client.failed))


class OrdinaryClient:
    """Keep-alive connections, as many as requests are under way at once."""

    def __init__(self, plan):
        """Takes what to send."""
        self.plan = plan
        self.total = plan["rate"] * plan["seconds"]
        self.targets = collections.deque(plan["targets"])
        self.body = os.urandom(SMALL)
        self.idle = {"api": [], "storage": []}
        self.selector = selectors.DefaultSelector()
        self.latencies = array.array("d")
        self.failed = 0

    def run(self):
        """Sends every request when it is due; waits for the last answers for ten seconds."""
        begin, number = time.monotonic() + 0.1, 0
        end = begin + self.plan["seconds"] + 10
        while len(self.latencies) + self.failed < self.total and (now := time.monotonic()) < end:
            while number < self.total and begin + number / self.plan["rate"] <= now:
                self.send(ORDINARY[number % 3], number, begin + number / self.plan["rate"])
                number += 1
            due = begin + number / self.plan["rate"] if number < self.total else now + 1
            for key, _ in self.selector.select(max(0, due - time.monotonic())):
                self.receive(key.data)
        self.failed = self.total - len(self.latencies)

    def send(self, kind, number, due):
        """Sends a request on a connection that is idle, or on a new one."""
        origin = "api" if kind == "mint" else "storage"
        try:
            connection = self.idle[origin].pop() if self.idle[origin] else Connection(self.plan[origin])
        except OSError:
            self.failed += 1
            return
        connection.about = origin, kind, due
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        with contextlib.suppress(ConnectionError):  # reading tells
            connection.send(number, self.message(kind, number))

    def message(self, kind, number):
        """Returns the bytes of a request."""
        if kind == "mint":
            return self.plan["mint"]
        if kind == "GET":
            return self.plan["GET"][number % len(self.plan["GET"])]
        return f"PUT {self.targets.popleft()} HTTP/1.1\r\n".encode() + self.plan["fields"] + self.body

    def receive(self, connection):
        """Reads what is there; notes the latency of a whole answer."""
        origin, kind, due = connection.about
        try:
            answer = connection.answer()
        except (OSError, Refused):
            self.selector.unregister(connection.socket)
            connection.socket.close()
            self.failed += 1
            return
        if answer is None:
            return
        self.latencies.append(time.monotonic() - due)
        self.selector.unregister(connection.socket)
        self.idle[origin].append(connection)
        if kind == "mint":
            url = answer.partition(b'"upload_url":"')[2].partition(b'"')[0].decode()
            self.targets.append("/" + url.split("/", 3)[3])
