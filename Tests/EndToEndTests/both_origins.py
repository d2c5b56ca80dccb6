"""The same request at the storage origin and at the API, with its fields exactly as they are given."""

import base64
import dataclasses
import hashlib
import json
import xml.etree.ElementTree

from raw import Connection, address_of, target

STORAGE, API = "storage", "api"
ORIGINS = (STORAGE, API)
BODY = b"abc"


@dataclasses.dataclass(frozen=True)
class Answer:
    """A response of either origin."""

    status: int
    fields: dict
    body: bytes

    @property
    def code(self):
        """The status and the error's code; `None` for its code if there is no error."""
        if self.status < 400 or not self.body:
            return self.status, None
        if self.fields["content-type"] == "application/json":
            return self.status, json.loads(self.body)["error"]["code"]
        return self.status, xml.etree.ElementTree.fromstring(self.body).findtext("Code")

    @property
    def request_ids(self):
        """The request id in the head and that in the error document."""
        if self.fields["content-type"] == "application/json":
            return self.fields["x-request-id"], json.loads(self.body)["error"]["request_id"]
        return self.fields["x-amz-request-id"], xml.etree.ElementTree.fromstring(self.body).findtext("RequestId")


class Origin:
    """Where files are uploaded and downloaded: one of the origins, for one organization."""

    def __init__(self, name, server, client):
        self.name, self.server, self.client = name, server, client
        self.address = server.storage_address if name == STORAGE else address_of(server.api)

    def send(self, data, is_head=False):
        with Connection(self.address) as connection:
            connection.send(data)
            return Answer(*connection.response(head_only=is_head))

    def upload_head(self, *lines, size=len(BODY), ticket=None, version="1.1"):
        """The head of an upload, with further field lines, as bytes."""
        if self.name == STORAGE:
            path, host = target((ticket or self.client.mint(size))["upload_url"])
            start = f"PUT {path} HTTP/{version}\r\nHost: {host}\r\n"
        else:
            host = self.server.api.removeprefix("http://")
            start = f"POST /v1/files?filename=a.png HTTP/{version}\r\nHost: {host}\r\n"
            start += f"Authorization: Bearer {self.client.key}\r\n"
        fields = "".join(line + "\r\n" for line in lines)
        return (start + "Content-Type: image/png\r\n" + fields + "\r\n").encode("latin-1")

    def upload(self, *lines, body=BODY, ticket=None):
        """Uploads a body with its length."""
        head = self.upload_head(f"Content-Length: {len(body)}", *lines, size=len(body), ticket=ticket)
        return self.send(head + body)

    def upload_chunked(self, *lines, trailers=(), body=BODY, ticket=None):
        """Uploads a body in one chunk, with trailers."""
        head = self.upload_head("Transfer-Encoding: chunked", *lines, size=len(body), ticket=ticket)
        end = "".join(line + "\r\n" for line in trailers)
        return self.send(head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, end.encode("latin-1")))

    def download(self, file_id, *lines, method="GET"):
        """Downloads a file."""
        if self.name == STORAGE:
            path, host = target(self.client.url(file_id))
            lines = (f"Host: {host}", *lines)
        else:
            path = f"/v1/files/{file_id}/download"
            lines = (f"Host: {self.server.api.removeprefix('http://')}", f"Authorization: Bearer {self.client.key}", *lines)
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])
        return self.send(head.encode("latin-1"), is_head=method == "HEAD")

    @property
    def stored(self):
        """The status of an upload that was stored."""
        return 200 if self.name == STORAGE else 201


def digest(algorithm, data=BODY):
    """A digest by hashlib, in Base64."""
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
