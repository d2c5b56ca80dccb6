"""Slow connections: thousands that send a head or a body, or read a large file, a byte every few seconds."""

import collections
import contextlib
import itertools
import select
import socket
import time
import typing

from cloakroom_server import CONTENT_TYPE
from descriptors import raise_descriptors

LARGE, BODY = 20_000_000, 1_000_000
# The server has given up a slow reader by then, which the reader cannot see before it has read what is on its way.
LIFE = 25.0
# So many are opened in a second: what comes all at once would also end all at once, again and again.
RATE = 400
# Each has 28,000 ports or so, of which the closed ones are not used again for a minute.
SOURCES = [f"127.0.0.{number}" for number in range(2, 18)]
BIND_ADDRESS_NO_PORT = 24  # linux/in.h: the port is chosen when it is known what it is connected to


class SlowRequest(typing.NamedTuple):
    """How a slow connection begins."""

    address: tuple[str, int]
    beginning: bytes
    # What comes then is read from the server, not sent to it.
    is_read: bool = False


def slow_requests(server):
    """Returns how slow connections begin, those to the API and those to the storage origin in turns."""
    server.prepare_files(LARGE, 1)
    [read] = server.download_targets()
    [upload] = server.upload_targets(BODY, 1)
    host = "Host: %s:%d\r\n" % server.address
    fields = f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {BODY}\r\n"
    api_head = SlowRequest(server.api, server.request("GET", "/v1/files").removesuffix(b"\r\n") + b"X-Slow: ")
    direct = server.request("POST", "/v1/files?filename=a", **{"Content-Type": CONTENT_TYPE, "Content-Length": BODY})
    return [
        api_head,
        SlowRequest(server.address, f"GET {read} HTTP/1.1\r\n{host}X-Slow: ".encode()),
        SlowRequest(server.api, direct),
        SlowRequest(server.address, f"PUT {upload} HTTP/1.1\r\n{host}{fields}\r\n".encode()),
        api_head,
        SlowRequest(server.address, f"GET {read} HTTP/1.1\r\n{host}\r\n".encode(), is_read=True),
    ]


def hold(requests, connections, interval, pipe):
    """Holds slow connections until it is told to end, then sends what became of them."""
    raise_descriptors()
    holder = Holder(itertools.islice(itertools.cycle(requests), connections), interval)
    begun = time.monotonic()
    while not pipe.poll():
        holder.open(int(RATE * (time.monotonic() - begun)) - holder.counts["opened"])
        holder.step()
    pipe.send(holder.counts)


class SlowConnection:
    """One connection."""

    __slots__ = ("born", "request", "socket", "unsent")

    def __init__(self, request, source):
        """Begins to connect."""
        self.request, self.unsent, self.born = request, request.beginning, time.monotonic()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((source, 0))
        if request.is_read:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        with contextlib.suppress(BlockingIOError):
            self.socket.connect(request.address)

    def begin(self):
        """Sends what is left of the beginning of the request; whether that was all."""
        self.unsent = self.unsent[self.socket.send(self.unsent) :]
        return not self.unsent

    def go_on(self):
        """Sends or reads a byte."""
        if self.request.is_read:
            self.socket.recv(1)
        else:
            self.socket.send(b"x")


class Holder:
    """Slow connections; one that has ended is opened again."""

    def __init__(self, requests, interval):
        """Takes how each of them begins."""
        self.interval = interval
        # What has no connection.
        self.requests = collections.deque(requests)
        self.connections = {}
        # When a connection is to go on, the earliest first.
        self.due = collections.deque()
        self.poll = select.epoll()
        self.counts = collections.Counter({"opened": 0, "ended by the server": 0, "replaced": 0, "failed": 0})

    def open(self, count):
        """Opens connections, up to so many."""
        for _ in range(min(count, len(self.requests))):
            try:
                connection = SlowConnection(self.requests[0], SOURCES[self.counts["opened"] % len(SOURCES)])
            except OSError:
                self.counts["failed"] += 1
                return
            self.requests.popleft()
            self.counts["opened"] += 1
            self.connections[connection.socket.fileno()] = connection
            self.poll.register(connection.socket, select.EPOLLOUT | select.EPOLLRDHUP)
            self.due.append((connection.born + self.interval, connection))

    def step(self):
        """Does what is due, and waits a little for what the server does."""
        for descriptor, events in self.poll.poll(0.02):
            connection = self.connections[descriptor]
            if events & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                self.close(connection, "ended by the server")
            elif events & select.EPOLLOUT:
                self.attempt(connection, self.begin)
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, connection = self.due.popleft()
            if connection.socket.fileno() < 0:
                continue
            if now - connection.born > LIFE:
                self.close(connection, "replaced")
                continue
            if not connection.unsent:
                self.attempt(connection, SlowConnection.go_on)
            self.due.append((now + self.interval, connection))

    def begin(self, connection):
        """Goes on with the beginning of a request; then only the end of the connection is waited for."""
        if connection.begin():
            self.poll.modify(connection.socket, select.EPOLLRDHUP)

    def attempt(self, connection, action):
        """Does something with a connection that the server may have ended."""
        try:
            action(connection)
        except BlockingIOError:
            pass
        except OSError:
            self.close(connection, "ended by the server")

    def close(self, connection, reason):
        """Closes a connection, and counts why."""
        self.counts[reason] += 1
        del self.connections[connection.socket.fileno()]
        connection.socket.close()
        self.requests.append(connection.request)
