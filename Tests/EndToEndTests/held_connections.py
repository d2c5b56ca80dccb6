"""Connections that are held for as long as a test likes, and ended in whatever way."""

import contextlib
import re
import socket
import struct
import time

from raw import Connection, head

# An answer of so many bytes is not out before its client has read most of it.
LARGE = 32_000_000


def eventually(condition, seconds=20):
    """Waits for a condition, which does not depend on how long it takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


class Held(Connection):
    """A connection that says what it got, from any address of the loopback."""

    def __init__(self, address, source="127.0.0.1"):
        self.socket = socket.create_connection(address, timeout=30, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def try_to_send(self, data):
        with contextlib.suppress(ConnectionError):
            self.send(data)

    def status(self):
        """The status of the answer, `None` where the connection is closed without one."""
        try:
            return self.response()[0]
        except (EOFError, ConnectionError):
            return None

    def begin_download(self, url, *lines):
        """Asks for bytes, and takes no more of them than come with the head."""
        self.buffer = b""
        self.send(head("GET", url, *lines))
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        assert self.buffer.startswith(b"HTTP/1.1 200 ")

    def end_download(self):
        """Takes the bytes that are left, and returns how many came in all."""
        fields, _, body = self.buffer.partition(b"\r\n\r\n")
        length, received = int(re.search(rb"(?i)content-length: (\d+)", fields)[1]), len(body)
        while received < length and (data := self.socket.recv(1_048_576)):
            received += len(data)
        return received

    def reset(self):
        """Ends the connection at once, with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
