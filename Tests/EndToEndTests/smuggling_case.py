"""What an ambiguous request is made of, and what the RFCs let an origin answer."""

import dataclasses

STORAGE, API, OPERATIONS = "storage", "api", "operations"
NEITHER, BOTH = frozenset(), frozenset({STORAGE, API})
ONLY_API = frozenset({API})
CLOSED = "closed"  # without an answer
WAITS = "waits"  # for more bytes


@dataclasses.dataclass(frozen=True)
class Case:
    """A message, and what becomes of it.

    In the message, `{t}` is a target that can be got, `{h}` the host and `{a}` the further fields that takes; `{m} {u}`
    are method and target of an upload, `{b}` its fields but for the framing. `{hidden}` is the hidden request, `{n}` its
    length, `{n3}`, `{n5}` and `{more}` that and 3, 5 and 10,000, `{x}` and `{xmore}` the first and the last in
    hexadecimal, `{c}` the length of the line with `{x}`.
    """

    name: str
    clause: str
    message: bytes
    storage: frozenset
    api: frozenset
    # Where the hidden request is no part of this one by the RFC, and may run if the connection goes on.
    follows: frozenset = NEITHER
    # The bytes that are declared for an upload: a number, `n` or `more`.
    size: int | str = 3
    # Whether nothing is sent behind it.
    alone: bool = False
    # Whether the first answer is one to HEAD.
    head: bool = False
    # Whether no 100 may be sent.
    silent: bool = False
    # Whether the hidden request has to run: without such a case nobody knows that it can.
    control: bool = False

    @property
    def waits(self):
        return WAITS in self.storage | self.api

    def allowed(self, origin):
        return self.storage if origin == STORAGE else self.api


# Heads without the empty line that ends them.
GET = b"GET {t} HTTP/1.1\r\nHost: {h}\r\n{a}"
PUT = b"{m} {u} HTTP/1.1\r\n{b}"
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"3\r\nabc\r\n0\r\n\r\n{hidden}"

OK, MADE = frozenset({200}), frozenset({200, 201})
REFUSED = frozenset({400})
SHUT = frozenset({400, CLOSED})
EITHER = frozenset({200, 201, 400})
CODING = frozenset({400, 501})
VERSION = frozenset({400, 505})


def of(*statuses):
    return frozenset(statuses)


def got(name, clause, message, storage, api, follows=NEITHER, **more):
    """A case without a body, the hidden request behind it."""
    return Case(name, clause, message + b"{hidden}", storage, api, follows, **more)


def line(name, clause, request_line, storage, api, follows=NEITHER, **more):
    """A request without a body that has another request line."""
    return got(name, clause, request_line + b"\r\nHost: {h}\r\n{a}\r\n", storage, api, follows, **more)


def field(name, clause, lines, storage, api, follows=NEITHER, **more):
    """A GET with other field lines, the hidden request behind it."""
    return got(name, clause, GET + lines + b"\r\n", storage, api, follows, **more)


def host(name, clause, lines, storage, api, follows=NEITHER):
    """A GET with other `Host` lines."""
    return got(name, clause, b"GET {t} HTTP/1.1\r\n" + lines + b"{a}\r\n", storage, api, follows)


def length(name, clause, lines, storage, api, follows=NEITHER, body=b"abc{hidden}", **more):
    """An upload with other `Content-Length` lines."""
    return Case(name, clause, PUT + lines + b"\r\n" + body, storage, api, follows, **more)


def coding(name, clause, lines, storage=CODING, api=CODING, follows=NEITHER, body=CHUNKS, **more):
    """An upload with other `Transfer-Encoding` lines; what is chunked ends before the hidden request."""
    return Case(name, clause, PUT + lines + b"\r\n" + body, storage, api, follows, **more)


def chunk(name, clause, body, storage, api, follows=NEITHER, **more):
    """A chunked upload with another body."""
    return Case(name, clause, CHUNKED + body, storage, api, follows, **more)
