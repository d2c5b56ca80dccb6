"""Direct uploads that are under way: each has one of the places of its key."""

import contextlib

from held_connections import Held
from raw import address_of, head

REQUESTS = 2


class UnderWay(Held):
    """A direct upload whose body is still to come: the server is in the middle of it."""

    def __init__(self, client, body=b"bytes", **fields):
        super().__init__(address_of(client.server.api))
        self.body = body
        lines = [
            f"Authorization: Bearer {client.key}",
            "Content-Type: image/png",
            f"Content-Length: {len(body)}",
            "Expect: 100-continue",
            *(f"{name.replace('_', '-')}: {text}" for name, text in fields.items()),
        ]
        self.send(head("POST", client.server.api + "/v1/files?filename=a.png", *lines))
        self.began = self.status()

    def finish(self):
        self.send(self.body)
        return self.status()


@contextlib.contextmanager
def uploading(client, count=REQUESTS, **fields):
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(UnderWay(client, **fields)) for _ in range(count)]
        assert [upload.began for upload in uploads] == [100] * count
        yield uploads
