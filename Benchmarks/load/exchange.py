"""Sends many small requests over a few keep-alive connections: the fast way to mint URLs."""

import json
import selectors
import socket


class Refused(Exception):
    """An answer that is not 2xx."""


class Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, address):
        """Connects."""
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.number = None

    def send(self, number, request):
        """Sends a request and remembers its number."""
        self.number = number
        self.socket.sendall(request)

    def answer(self):
        """Reads what is there; returns the body once it is complete, else None."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"the server closed the connection after {self.received[:300]!r}")
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return None
        self.received = b""
        if head[9:10] != b"2":
            raise Refused(f"{head.decode()}\n\n{body.decode()}")
        return body


def exchange(address, requests, connections=64):
    """Sends all requests, each a whole one in bytes, and returns the JSON answers in the same order."""
    answers = [None] * len(requests)
    left = iter(enumerate(requests))
    selector = selectors.DefaultSelector()
    for number, request in zip(range(connections), requests):
        next(left)
        connection = Connection(address)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(number, request)
    while selector.get_map():
        for key, _ in selector.select():
            connection = key.data
            body = connection.answer()
            if body is None:
                continue
            answers[connection.number] = json.loads(body)
            following = next(left, None)
            if following:
                connection.send(*following)
            else:
                selector.unregister(connection.socket)
                connection.socket.close()
    return answers
