"""What Examples/Gateway refuses: the errors that the pages name, and a wrong configuration."""

import json
import os
import subprocess
import uuid

import pytest
from cloakroom import EVIDENCE, http
from example_gateway import EXAMPLE, binary, customer, gateway
from gateway_customer import error
from pictures import PHOTO_SIZE, photo
from reference_listings import needs_pages

pytestmark = needs_pages


# The errors that the pages name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"filename": None}, "filename"),
        ({"content_type": "png"}, "content_type"),
        ({"content_type": "audio/mp3"}, "filename"),
        ({"size_bytes": 104_857_601}, "size_bytes"),
    ],
)
def test_a_bad_upload_is_an_input_validation_error(customer, change, field):
    body = {"filename": "input-photo.png", "content_type": "image/png", "size_bytes": PHOTO_SIZE} | change
    body = {name: value for name, value in body.items() if value is not None}
    details = error(customer.post("/v1/files/upload", json=body), 400, "INPUT_VALIDATION_ERROR")
    assert details["fields"][0]["field"] in (field, "content_type")


def test_a_raw_url_in_the_input_is_refused(customer):
    response = customer.submit("flux-1.1-pro", image="https://example.com/photo.png")
    (field,) = error(response, 400, "INPUT_VALIDATION_ERROR")["fields"]
    assert (field["field"], field["pointer"]) == ("input", "/image")


@pytest.mark.parametrize(
    ("body", "field", "pointer"),
    [
        ({"model": "unknown", "input": {}}, "model", None),
        ({"input": {"prompt": "A prompt"}}, "model", None),
        ({"model": "flux-1.1-pro"}, "input", None),
        ({"model": "flux-1.1-pro", "input": "A prompt"}, "input", None),
        ({"model": "flux-1.1-pro", "input": {}}, "input", "/prompt"),
        ({"model": "flux-1.1-pro", "input": {"prompt": ""}}, "input", "/prompt"),
        ({"model": "flux-1.1-pro", "input": {"prompt": 1}}, "input", "/prompt"),
        ({"model": "flux-1.1-pro", "input": {"prompt": "x", "image": "photo.png"}}, "input", "/image"),
        ({"model": "seedance-video", "input": {"prompt": "x"}}, "input", "/source_image"),
        ({"model": "seedance-video", "input": {"prompt": "x", "duration": 11}}, "input", "/duration"),
        ({"model": "seedance-video", "input": {"prompt": "x", "duration": "-y"}}, "input", "/duration"),
        ([], "body", None),
    ],
)
def test_a_bad_submission_is_an_input_validation_error(customer, body, field, pointer):
    details = error(customer.post("/v1/executions", json=body), 400, "INPUT_VALIDATION_ERROR")
    assert (details["fields"][0]["field"], details["fields"][0].get("pointer")) == (field, pointer)


def test_a_file_of_another_type_is_unsupported(customer):
    sound = customer.upload(b"sound", "sound.mp3", "audio/mpeg")
    details = error(customer.submit("flux-1.1-pro", image=sound), 422, "FILE_FORMAT_UNSUPPORTED")
    assert details["files"][0]["file_id"] == sound and details["files"][0]["pointers"] == ["/image"]
    assert "image/png" in details["files"][0]["accept"]


def test_a_file_that_is_not_there_is_not_found(gateway, customer):
    body = {"filename": "photo.png", "content_type": "image/png", "size_bytes": 5}
    pending = customer.post("/v1/files/upload", json=body).json()["file_id"]
    foreign = gateway.customer("modelroute-other").upload(b"bytes")
    for missing in (f"file_{uuid.uuid4()}", pending, foreign):
        details = error(customer.submit("flux-1.1-pro", image=missing), 404, "FILE_NOT_FOUND")
        assert details["files"] == [{"file_id": missing, "pointers": ["/image"]}]
        error(customer.get(f"/v1/files/{missing}/download"), 404, "FILE_NOT_FOUND")


def test_a_balance_that_is_too_small(gateway, photo):
    poor = gateway.customer("modelroute-poor")
    file = poor.upload(photo)
    slow = poor.submit("slow").json()["id"]
    details = error(poor.submit("flux-1.1-pro", image=file), 402, "INSUFFICIENT_BALANCE")
    assert details == {"required": "0.048", "available": "0.002"}
    # Cancelling releases the hold at once, and ends the command.
    assert poor.cancel(slow).json()["status"] == "CANCELLED"
    again = poor.submit("slow")
    assert again.status_code == 202
    assert poor.cancel(again.json()["id"]).status_code == 200
    # What fails or is cancelled costs nothing; what completes costs what it says, and then there is no room for more.
    assert poor.finish("broken")["status"] == "FAILED"
    assert poor.finish("curious")["status"] == "COMPLETED"
    assert error(poor.submit("curious"), 402, "INSUFFICIENT_BALANCE")["available"] == "0.010"


@pytest.mark.parametrize(
    "authorization", [None, "Bearer sk_your_api_key_here", "Basic c2s6", "Bearer", "Bearer a b", "Key unknown"]
)
def test_a_missing_or_invalid_key_is_unauthorized(gateway, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    routes = [("POST", "/v1/executions"), ("GET", "/v1/files"), ("POST", "/v1/files/upload")]
    for path in ("", "/result"):
        routes.append(("GET", f"/v1/executions/exec_{uuid.uuid4()}{path}"))
    routes.append(("POST", f"/v1/executions/exec_{uuid.uuid4()}/cancel"))
    routes.append(("GET", f"/v1/files/file_{uuid.uuid4()}/download"))
    for method, path in routes:
        response = http(method, gateway.url + path, headers=headers)
        error(response, 401, "UNAUTHORIZED")
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_of_a_key_may_be_key(gateway, customer):
    response = http("GET", gateway.url + "/v1/files", headers={"Authorization": f"Key {customer.key}"})
    assert response.status_code == 200


# The program


def test_a_wrong_configuration_exits_64(binary, server, tmp_path):
    sample = json.loads((EXAMPLE / "gateway.json").read_text())
    key = server.key(gateway=True)
    flux = sample["models"]["flux-1.1-pro"]
    cases = [
        ({}, "sk_wrong", "CLOAKROOM_GATEWAY_KEY"),
        ({"cloakroom": "127.0.0.1"}, key, "cloakroom"),
        ({"accounts": [{**sample["accounts"][0], "balance": "-1"}]}, key, "balance"),
        ({"accounts": sample["accounts"] * 2}, key, "accounts"),
        ({"models": {"flux": {**flux, "cost": "0.0401"}}}, key, "cost"),
        ({"models": {"flux": {**flux, "variants": [{"requires": [], "command": ["x", "{prompt}"]}]}}}, key, "command"),
        ({"models": {"flux": {**flux, "variants": [{"requires": [], "command": ["{seed}"]}]}}}, key, "command"),
        ({"concurrent_executions": 0}, key, "concurrent_executions"),
    ]
    for change, secret, named in cases:
        path = tmp_path / "gateway.json"
        path.write_text(json.dumps(sample | change))
        result = subprocess.run(
            [binary, "--config", path, "--address", "127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, "CLOAKROOM_GATEWAY_KEY": secret},
        )
        assert (result.returncode, result.stdout) == (64, ""), (change, result.stderr)
        assert named in result.stderr
        EVIDENCE.text("stderr of the gateway", result.stderr)
