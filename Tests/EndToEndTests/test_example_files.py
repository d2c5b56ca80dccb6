"""Files that go through Examples/Gateway, and the routes that do not."""

import hashlib
import os

import pytest
from example_gateway import binary, customer, gateway
from gateway_customer import error
from reference_listings import needs_pages

pytestmark = needs_pages


def test_files_go_through_the_gateway(server, gateway, customer):
    data = os.urandom(8_000_000)
    headers = {"Content-Type": "image/png"}
    stored = customer.post("/v1/files?filename=a%20b.png", data=data, headers=headers)
    assert stored.status_code == 201, stored.text
    file_id = stored.json()["file_id"]
    assert (stored.headers["Location"], stored.json()["filename"]) == (f"/v1/files/{file_id}", "a b.png")
    chunked = customer.post("/v1/files?filename=c.png", data=iter([b"one", b"two"]), headers=headers)
    assert (chunked.status_code, chunked.json()["size_bytes"]) == (201, 6)

    path = f"/v1/files/{file_id}"
    assert customer.get(path).json()["sha256"] == hashlib.sha256(data).hexdigest()
    whole = customer.get(path + "/download")
    assert (whole.status_code, whole.content) == (200, data)
    assert int(whole.headers["Content-Length"]) == len(data) and whole.headers["Content-Type"] == "image/png"
    part = customer.get(path + "/download", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, data[5:10], "bytes 5-9/8000000")
    cached = customer.get(path + "/download", headers={"If-None-Match": whole.headers["ETag"]})
    assert (cached.status_code, cached.content) == (304, b"")
    head = customer.request("HEAD", path + "/download")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "8000000", b"")
    redirect = customer.get(path + "/download?redirect=true", allow_redirects=False)
    assert redirect.status_code == 307 and redirect.headers["Location"].startswith(server.storage)
    listed = customer.get("/v1/files?limit=1&status=ready&content_type=image/*").json()
    assert listed["files"][0]["file_id"] == chunked.json()["file_id"] and listed["next_cursor"]

    error(customer.post(path + "/upload-url"), 409, "UPLOAD_ALREADY_COMPLETED")
    assert customer.request("DELETE", path).status_code == 204
    error(customer.get(path), 404, "FILE_NOT_FOUND")


def test_a_refused_body_does_no_harm(gateway, customer):
    for _ in range(3):
        response = customer.post(
            "/v1/files?filename=a.png", data=os.urandom(20_000_000), headers={"Content-Type": "audio/mpeg"}
        )
        error(response, 400, "INPUT_VALIDATION_ERROR")
        assert customer.get("/v1/files?limit=1").status_code == 200
    assert gateway.process.poll() is None


def test_the_organization_is_the_gateways_to_say(gateway, customer):
    file_id = customer.upload(b"bytes")
    other = gateway.customer("modelroute-other")
    headers = {"X-Organization-ID": "modelroute"}
    error(other.get(f"/v1/files/{file_id}", headers=headers), 404, "FILE_NOT_FOUND")
    for path in (f"/v1/files/{file_id}%2f..%2f..%2fkeys", "/v1/files/resolve", "/v1/files/..%2fkeys"):
        assert other.get(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/files/resolve"),
        ("POST", "/v1/inputs/resolve"),
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("GET", "/"),
    ],
)
def test_other_routes_are_not_the_customers(customer, method, path):
    error(customer.request(method, path, json={}), 404, "NOT_FOUND")
