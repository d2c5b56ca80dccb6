"""Where an ambiguous request is sent: what fills it, and what shows that its hidden request has run."""

import dataclasses
import re
from collections.abc import Callable

from raw import address_of, target
from smuggling_case import API, OPERATIONS, STORAGE


@dataclasses.dataclass(frozen=True)
class Scene:
    """Where a case is played: an origin, what fills the message, and whether the hidden request has run."""

    origin: str
    address: tuple
    values: dict
    last: bytes
    has_run: Callable

    def fill(self, message):
        return re.sub(rb"\{(\w+)\}", lambda match: self.values[match[1].decode()], message)


def storage_scene(server, client, case):
    """Uploads to a presigned URL; the hidden request uploads another file, which is ready if it has run."""
    victim = client.mint(6)
    path, authority = target(victim["upload_url"])
    hidden = _head("PUT", path, authority, b"Content-Type: image/png\r\nContent-Length: 6\r\n") + b"hidden"
    size = {"n": len(hidden), "more": len(hidden) + 10_000}.get(case.size, case.size)
    upload, _ = target(client.mint(size)["upload_url"])
    seen, _ = target(client.url(client.upload(b"seen")))
    body_fields = f"Host: {authority}\r\nContent-Type: image/png\r\n".encode()
    return Scene(
        STORAGE,
        server.storage_address,
        _values(authority, seen, b"", "PUT", upload, body_fields, hidden),
        _head("GET", seen, authority, b"Connection: close\r\n"),
        lambda: client.get(f"/v1/files/{victim['file_id']}").json()["status"] == "ready",
    )


def api_scene(server, client, _):
    """Uploads in one request; the hidden request deletes a file, which is gone if it has run."""
    victim = client.mint(6)["file_id"]
    authority = server.api.removeprefix("http://")
    key = f"Authorization: Bearer {client.key}\r\n".encode()
    body_fields = f"Host: {authority}\r\nContent-Type: image/png\r\n".encode() + key
    hidden = _head("DELETE", f"/v1/files/{victim}", authority, key)
    return Scene(
        API,
        address_of(server.api),
        _values(authority, "/v1/files?limit=1", key, "POST", "/v1/files?filename=a.png", body_fields, hidden),
        _head("GET", "/v1/files?limit=1", authority, key + b"Connection: close\r\n"),
        lambda: client.get(f"/v1/files/{victim}").status_code == 404,
    )


def operations_scene(server):
    """Asks whether the server is well; nothing there changes anything."""
    authority = server.operations.removeprefix("http://")
    body_fields = f"Host: {authority}\r\n".encode()
    hidden = _head("GET", "/metrics", authority, b"")
    return Scene(
        OPERATIONS,
        address_of(server.operations),
        _values(authority, "/healthz", b"", "POST", "/healthz", body_fields, hidden),
        _head("GET", "/healthz", authority, b"Connection: close\r\n"),
        lambda: False,
    )


def _head(method, path, authority, fields):
    return f"{method} {path} HTTP/1.1\r\nHost: {authority}\r\n".encode() + fields + b"\r\n"


def _values(authority, path, fields, method, upload, body_fields, hidden):
    length = len(hidden)
    numbers = {"n": length, "n3": length + 3, "n5": length + 5, "more": length + 10_000, "c": len(f"{length:x}\r\n")}
    return {
        **{name: str(number).encode() for name, number in numbers.items()},
        **{"x": f"{length:x}".encode(), "xmore": f"{length + 10_000:x}".encode()},
        **{"t": path.encode(), "h": authority.encode(), "a": fields, "hidden": hidden},
        **{"m": method.encode(), "u": upload.encode(), "b": body_fields},
    }
