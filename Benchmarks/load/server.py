"""What every measured server can do."""

import collections
import concurrent.futures
import contextlib
import os
import pathlib
import re
import threading

import requests

import directories
from processes import cpu_seconds, memory_bytes, reset_peak_memory


class Server:
    """A server under measurement; its data are below `directory`.

    A subclass sets `name` and `address` (host and port of the bytes), and has `start`, `stop`, `pids`, `log_tail` and
    `version`. Those that serve bytes have `prepare_files` and `download_targets`; those that take them
    `upload_targets`, `upload_headers` and `discard_uploads`. A target is a path with its query.
    """

    name = ""

    def __init__(self, directory):
        """Takes the directory, which exists."""
        self.directory = pathlib.Path(directory)

    def write_contents(self, directory, size, count):
        """Writes files with the contents that every server gets; returns their names."""
        directory.mkdir(parents=True, exist_ok=True)
        names = [f"{number:06}.bin" for number in range(count)]
        for name, content in zip(names, contents(size, count)):
            (directory / name).write_bytes(content)
        return names

    def peak_memory(self):
        """Returns the peak of the resident memory in bytes, summed over the processes."""
        return memory_bytes(self.pids(), "VmHWM")

    def resident_memory(self):
        """Returns the resident memory in bytes, summed over the processes."""
        return memory_bytes(self.pids(), "VmRSS")

    def reset_peak_memory(self):
        """Makes the peak of the memory start anew."""
        reset_peak_memory(self.pids())

    def cpu_seconds(self):
        """Returns the CPU time used by all processes."""
        return cpu_seconds(self.pids())


def upload_all(method, urls, bodies, headers):
    """Uploads bodies, each to its URL, over a few connections; returns the answers."""
    local = threading.local()

    def upload(url, body):
        """Uploads one body."""
        if not hasattr(local, "session"):
            local.session = requests.Session()
        answer = local.session.request(method, url, data=body, headers=headers, timeout=120)
        if answer.status_code not in (200, 201):
            raise RuntimeError(f"{method} {url}: {answer.status_code} {answer.text}")
        return answer

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        running = collections.deque()
        for url, body in zip(urls, bodies):
            if len(running) == 8:  # so that not all bodies are in memory
                yield running.popleft().result()
            running.append(pool.submit(upload, url, body))
        for future in running:
            yield future.result()


def contents(size, count):
    """Yields the contents of the files: different, and not compressible."""
    noise = os.urandom(size)
    for number in range(count):
        yield number.to_bytes(8, "big") + noise[8:]


@contextlib.contextmanager
def running(kinds, work_dir):
    """Starts servers in directories of their own, and ends them."""
    with contextlib.ExitStack() as stack:
        servers = []
        for kind in kinds:
            name = re.sub(r"[^a-z0-9]+", "-", kind.name)
            server = kind(directories.fresh(pathlib.Path(work_dir) / name))
            stack.callback(give_up, server)
            server.start()
            servers.append(server)
        yield servers


def give_up(server):
    """Ends a server, and puts its data out of the way."""
    server.stop()
    directories.set_aside(server.directory)
