"""PUTs large bodies: one process for each connection, each body with sendfile from the page cache.

A request that began in time is waited for, and the rate is counted until the last answer.
"""

import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time


class Client:
    """One keep-alive connection."""

    def __init__(self, settings, body):
        """Connects."""
        self.socket = socket.create_connection(settings["address"], timeout=120)
        self.body = body
        host = "%s:%d" % tuple(settings["address"])
        fields = {"Host": host, "Content-Length": settings["size"], **settings["headers"]}
        self.fields = "".join(f"{name}: {value}\r\n" for name, value in fields.items())

    def put(self, target):
        """Sends one body; fails unless the answer is 2xx."""
        self.socket.sendall(f"PUT {target} HTTP/1.1\r\n{self.fields}\r\n".encode())
        try:
            self.socket.sendfile(self.body)
        except ConnectionError:  # perhaps there is an answer that says why
            pass
        head, _, rest = self.receive(b"").partition(b"\r\n\r\n")
        if head[9:10] != b"2":
            raise RuntimeError(f"PUT {target} was answered: {(head + rest).decode()}")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        while len(rest) < length:
            rest = self.receive(rest)

    def receive(self, before):
        """Reads until there is a whole head or more of a body."""
        while True:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the server closed the connection")
            before += data
            if b"\r\n\r\n" in before or not before.startswith(b"HTTP/"):
                return before


def work(settings, body_path, targets, results):
    """PUTs one target, and more until the time is up; reports the beginning and the end of each, or what went wrong."""
    try:
        with open(body_path, "rb") as body:
            client = Client(settings, body)
            times, end = [], time.monotonic() + settings["seconds"]
            for target in targets:
                started = time.monotonic()
                if times and started > end:
                    break
                body.seek(0)
                client.put(target)
                times.append((started, time.monotonic()))
            results.put((times, len(times) == len(targets), None))
    except Exception as error:
        results.put(([], False, f"{type(error).__name__}: {error}"))


def main():
    """Runs the processes, and prints what they measured as JSON."""
    settings = json.loads(sys.argv[1])
    connections = settings["connections"]
    results = multiprocessing.SimpleQueue()
    with open(settings["targets"]) as file:
        targets = file.read().split()
    with tempfile.NamedTemporaryFile(prefix="body-") as body:
        body.write(bytes(settings["size"]))
        body.flush()
        shares = [targets[number::connections] for number in range(connections)]
        workers = [multiprocessing.Process(target=work, args=(settings, body.name, s, results)) for s in shares]
        for worker in workers:
            worker.start()
        answers = [results.get() for _ in workers]
        for worker in workers:
            worker.join()
    for _, _, error in answers:
        if error:
            sys.exit(error)
    times = [pair for times, _, _ in answers for pair in times]
    print(json.dumps({**summary(times, settings["size"]), "ran_out": any(ran_out for _, ran_out, _ in answers)}))


def summary(times, size):
    """Returns the rates and percentiles of requests that began and ended at some times."""
    seconds = max(end for _, end in times) - min(start for start, _ in times)
    latencies = sorted((end - start) * 1000 for start, end in times)
    percentiles = statistics.quantiles(latencies, n=100, method="inclusive") if len(latencies) > 1 else latencies * 99
    return {
        "requests": len(times),
        "seconds": seconds,
        "bytes": len(times) * size,
        "p50_ms": percentiles[49],
        "p99_ms": percentiles[98],
    }


if __name__ == "__main__":
    main()
