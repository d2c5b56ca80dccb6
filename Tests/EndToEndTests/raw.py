"""HTTP over a plain socket, for what no client library sends."""

import socket

from cloakroom import EVIDENCE


class Connection:
    def __init__(self, address, timeout=10):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def response(self, head_only=False):
        """Reads one response: status, fields in lower case, body."""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
        length = 0 if head_only or status in (100, 204, 304) else int(fields.get("content-length", 0))
        while len(self.buffer) < length:
            self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        if status >= 400:
            EVIDENCE.text(f"answer {status}", head.decode("latin-1") + body.decode("utf-8", "replace"))
        return status, fields, body

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    def is_closed(self):
        """Whether the server ends the connection, with nothing more to say."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def exchange(address, data):
    with Connection(address) as connection:
        connection.send(data)
        return connection.response()


def target(url):
    """The request target and the host of a URL."""
    host, _, path = url.removeprefix("http://").partition("/")
    return "/" + path, host


def address_of(url):
    """The host and the port of a URL."""
    name, _, port = url.removeprefix("http://").rpartition(":")
    return name, int(port)


def head(method, url, *lines):
    path, host = target(url)
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode("latin-1")
