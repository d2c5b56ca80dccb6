"""One request over a socket of its own, with its target and its fields exactly as they are given."""

import dataclasses
import xml.etree.ElementTree

from raw import Connection, head


@dataclasses.dataclass
class Answer:
    """A response, and the elements of its error document."""

    status: int
    fields: dict
    body: bytes

    def element(self, name):
        return xml.etree.ElementTree.fromstring(self.body).findtext(name)

    @property
    def code(self):
        """The code of the error, with the status."""
        return self.status, self.element("Code") if self.status >= 400 else None


def send(server, method, url, headers=None, body=None, chunked=False):
    """Sends a request: a body with its length, or in one chunk without one."""
    lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
    data = body or b""
    if body is not None and chunked:
        lines.append("Transfer-Encoding: chunked")
        data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    elif body is not None:
        lines.append(f"Content-Length: {len(body)}")
    with Connection(server.storage_address) as connection:
        connection.send(head(method, url, *lines) + data)
        return Answer(*connection.response(head_only=method == "HEAD"))
