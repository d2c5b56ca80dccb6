"""Asks how long ordinary clients wait while thousands of slow ones hold connections to the storage origin.

One process holds the slow connections: a third of them send a head, a third a body, a third read a large file, a byte
every few seconds. What the server ends is opened again. Another process makes ordinary requests, of which each has its
time, whatever became of those before: a third are mints, a third PUTs and a third GETs of 4 KiB. A request's latency
counts from the time when it was due. A round without slow connections comes first.
"""

import argparse
import array
import collections
import contextlib
import multiprocessing
import os
import resource
import select
import selectors
import socket
import tempfile
import time

from cloakroom_server import CONTENT_TYPE, CloakroomServer
from environment import commit, machine
from exchange import Connection, Refused
from processes import wait_for

SMALL, LARGE, BODY = 4_096, 20_000_000, 1_000_000
KINDS = ("headers", "bodies", "reads")
ORDINARY = ("mint", "PUT", "GET")
COLUMNS = (
    "slow connections at the start", "lowest", "at the end", "requests", "failed", "p50 ms", "p99 ms", "max ms",
    "memory MiB", "descriptors",
)  # fmt: skip
# Connections that the ordinary client may need.
SPARE = 500
# The server has given up a slow reader by then, which the reader cannot see before it has read what is on its way.
LIFE = 25.0
# Each has 28,000 ports or so, of which the closed ones are not used again for a minute.
SOURCES = [f"127.0.0.{number}" for number in range(2, 18)]
BIND_ADDRESS_NO_PORT = 24  # linux/in.h: the port is chosen when it is known what it is connected to


def main():
    """Measures a round without and one with slow connections, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--connections", type=int, default=10_000, help="slow ones (default: 10000)")
    parser.add_argument("--seconds", type=int, default=30, help="of a round (default: 30)")
    parser.add_argument("--rate", type=int, default=1_000, help="ordinary requests a second (default: 1000)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two bytes (default: 5)")
    parser.add_argument("--work-dir", help="where a temporary directory is made")
    options = parser.parse_args()
    # The server inherits the limit.
    check_descriptors(raise_descriptors(3 * (options.connections + SPARE) + 512), options.connections)
    with tempfile.TemporaryDirectory(dir=options.work_dir) as directory:
        server = CloakroomServer(directory)
        server.start()
        try:
            measure(server, options)
        finally:
            server.stop()


def raise_descriptors(wanted=0):
    """Raises this process' limit of open files to the hard limit, and that as well if it may; returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 1 << 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def check_descriptors(limit, connections):
    """Fails where the server cannot take so many connections: a third of its limit of open files, 16,384 at most."""
    most = min(16_384, (limit - 512) // 3)
    if connections + SPARE > most:
        raise SystemExit(f"with a limit of {limit} open files the server takes {most} connections at once")


def measure(server, options):
    """Measures both rounds."""
    slow = slow_requests(server)
    print(", ".join(f"{name}: {value}" for name, value in {**machine(), "commit": commit()}.items()))
    print(f"{options.rate} ordinary requests a second for {options.seconds} s\n")
    print(f"| {' | '.join(COLUMNS)} |\n|{'--:|' * len(COLUMNS)}")
    round_of(server, options)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    holder = context.Process(
        target=hold, args=(server.address, slow, options.connections, options.interval, theirs), daemon=True
    )
    holder.start()
    try:
        wait_for(lambda: held(server) >= options.connections, f"{options.connections} slow connections", timeout=120)
        round_of(server, options)
        ours.send("end")
        counts = ours.recv() if ours.poll(60) else {}
    finally:
        holder.terminate()
        holder.join()
    print("\n" + "; ".join(f"{name}: {count:,}" for name, count in counts.items()))


def slow_requests(server):
    """Returns how a slow connection of each kind begins."""
    server.prepare_files(LARGE, 1)
    [read] = server.download_targets()
    [upload] = server.upload_targets(BODY, 1)
    host = "Host: %s:%d\r\n" % server.address
    fields = f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {BODY}\r\n"
    return {
        "headers": f"GET {read} HTTP/1.1\r\n{host}X-Slow: ".encode(),
        "bodies": f"PUT {upload} HTTP/1.1\r\n{host}{fields}\r\n".encode(),
        "reads": f"GET {read} HTTP/1.1\r\n{host}\r\n".encode(),
    }


def round_of(server, options):
    """Measures one round and prints its row."""
    plan = ordinary_requests(server, options)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    client = context.Process(target=request, args=(plan, theirs), daemon=True)
    counts, memory, descriptors = [held(server)], 0, 0
    client.start()
    end = time.monotonic() + options.seconds + 60
    while not ours.poll(1):
        if not client.is_alive() or time.monotonic() > end:
            client.terminate()
            raise SystemExit(f"the ordinary client did not end\n{server.log_tail()}")
        counts.append(held(server))
        memory = max(memory, server.resident_memory())
        descriptors = max(descriptors, sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.pids()))
    latencies, failed = ours.recv()
    client.join()
    cells = [counts[0], min(counts), counts[-1], len(latencies), failed]
    values = sorted(latencies) or [0]
    times = [values[len(values) // 2], values[len(values) * 99 // 100], values[-1]]
    row = [f"{cell:,}" for cell in cells] + [f"{1000 * seconds:,.1f}" for seconds in times]
    print(f"| {' | '.join([*row, f'{memory / (1 << 20):,.0f}', f'{descriptors:,}'])} |", flush=True)


def held(server):
    """Returns how many connections the storage origin holds, but for those of the ordinary client."""
    port = f":{server.address[1]:04X}"
    count = 0
    with open("/proc/net/tcp") as table:
        for line in table:
            # sl local_address rem_address st; the ordinary client comes from 127.0.0.1, and 01 is ESTABLISHED.
            _, local, remote, state = line.split(maxsplit=4)[:4]
            count += local.endswith(port) and state == "01" and not remote.startswith("0100007F")
    return count


# The ordinary client


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


# The slow clients


def hold(address, requests, connections, interval, pipe):
    """Holds slow connections until it is told to end, then sends what became of them."""
    raise_descriptors()
    holder = Holder(address, requests, interval)
    while not pipe.poll():
        holder.open(min(connections - len(holder.connections), 200))
        holder.step()
    pipe.send(holder.counts)


class SlowConnection:
    """One connection."""

    __slots__ = ("born", "kind", "socket", "unsent")

    def __init__(self, kind, request, address, source):
        """Begins to connect."""
        self.kind, self.unsent, self.born = kind, request, time.monotonic()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        self.socket.bind((source, 0))
        if kind == "reads":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        with contextlib.suppress(BlockingIOError):
            self.socket.connect(address)

    def begin(self):
        """Sends what is left of the beginning of the request; whether that was all."""
        self.unsent = self.unsent[self.socket.send(self.unsent) :]
        return not self.unsent

    def go_on(self):
        """Sends or reads a byte."""
        if self.kind == "reads":
            self.socket.recv(1)
        else:
            self.socket.send(b"x")


class Holder:
    """Slow connections, a third of each kind."""

    def __init__(self, address, requests, interval):
        """Takes where to connect to and what to send first."""
        self.address, self.requests, self.interval = address, requests, interval
        self.connections = {}
        # When a connection is to go on, the earliest first.
        self.due = collections.deque()
        self.poll = select.epoll()
        self.counts = collections.Counter({"opened": 0, "ended by the server": 0, "replaced": 0, "failed": 0})

    def open(self, count):
        """Opens connections."""
        for _ in range(count):
            number = self.counts["opened"]
            kind = KINDS[number % len(KINDS)]
            try:
                connection = SlowConnection(kind, self.requests[kind], self.address, SOURCES[number % len(SOURCES)])
            except OSError:
                self.counts["failed"] += 1
                return
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


if __name__ == "__main__":
    main()
