"""What a server acknowledged before something ran out, what it may refuse, and whether it is well."""

import os
import time

from cloakroom import EVIDENCE, error_code, http as request, put

# Too large for a pack, and large enough to be written past the page cache.
OWN_FILE, DIRECT = 100_000, 3_000_000
PNG = {"Content-Type": "image/png"}
# What may answer a write that the disk does not take: nothing of it is the client's fault.
STORAGE_FAILURES = {(500, "InternalError"), (503, "ServiceUnavailable")}
API_FAILURES = {(500, "INTERNAL_ERROR"), (503, "UNAVAILABLE")}


def eventually(holds, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def send(client, data):
    return client.post("/v1/files?filename=photo.png", data=data, headers=PNG)


def declare(client, size=1):
    body = {"filename": "photo.png", "content_type": "image/png", "size_bytes": size}
    return client.post("/v1/files/upload", json=body)


def renew(client, ticket):
    response = client.post(f"/v1/files/{ticket['file_id']}/upload-url")
    assert response.status_code == 200, response.text
    EVIDENCE.signature_of(response.text)
    return response.json()


def stored(client, sizes):
    """Uploads a body of each size; returns them by file id."""
    bodies = {}
    for size in sizes:
        data = os.urandom(size)
        bodies[client.upload(data)] = data
    return bodies


def refused_as_full(response):
    assert (response.status_code, error_code(response)) == (507, "InsufficientStorage"), response.text


def upload_until_full(tickets, size, bodies):
    """Uploads until the disk is full; returns the ticket that was refused."""
    for ticket in tickets:
        data = os.urandom(size)
        response = put(ticket["upload_url"], data)
        if response.status_code != 200:
            refused_as_full(response)
            return ticket
        bodies[ticket["file_id"]] = data
    raise AssertionError(f"{len(tickets)} bodies of {size} bytes do not fill the disk")


def accepted(ticket, size, bodies):
    """Whether an upload is taken now."""
    data = os.urandom(size)
    response = put(ticket["upload_url"], data)
    if response.status_code == 200:
        bodies[ticket["file_id"]] = data
    return response.status_code == 200


def delete(client, bodies, file_ids):
    for file_id in file_ids:
        response = client.delete(f"/v1/files/{file_id}")
        assert response.status_code == 204, response.text
        del bodies[file_id]


def own_file(server, file_id):
    uuid = file_id.removeprefix("file_")
    return server.data_dir / "blobs" / uuid[-2:] / uuid


def check(server, client, bodies):
    """The server is alive; what it acknowledged is there, whole, and nothing else."""
    assert server.process.poll() is None, server.logged()
    files = client.get("/v1/files?limit=1000&status=ready").json()["files"]
    assert {file["file_id"] for file in files} == set(bodies)
    visible = set(server.data_dir.glob("blobs/??/*"))
    assert visible <= {own_file(server, file_id) for file_id in bodies}
    for file_id, data in bodies.items():
        assert client.get(f"/v1/files/{file_id}/download").content == data
    for file_id in [*list(bodies)[:5], *list(bodies)[-5:]]:
        assert request("GET", client.url(file_id)).content == bodies[file_id]


def check_restarted(server, client, bodies):
    assert server.stop() == 0
    server.start()
    check(server, client, bodies)


def is_pending(client, ticket):
    assert client.get(f"/v1/files/{ticket['file_id']}/download").status_code == 404
    return client.get(f"/v1/files/{ticket['file_id']}").json()["status"] == "pending"


def readiness(server):
    response = request("GET", server.operations + "/readyz")
    return response.status_code, response.text


def is_ready(server):
    return readiness(server) == (200, "ready\n")
