"""Inputs as a gateway sends them to be resolved, and the parts of an answer as they stand."""

import json
import re

import pytest
from test_api import error

ORGANIZATION = "inputs"
UNKNOWN = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"


@pytest.fixture(scope="module")
def owner(server):
    return server.client(ORGANIZATION)


@pytest.fixture(scope="module")
def gateway(server):
    return server.client(gateway=True)


@pytest.fixture(scope="module")
def image(owner):
    return owner.upload(b"an image")


@pytest.fixture(scope="module")
def sound(owner):
    return owner.upload(b"a sound", "a.mp3", "audio/mpeg")


def send(gateway, body, **options):
    data = body if isinstance(body, bytes) else body.encode()
    return gateway.post("/v1/inputs/resolve", data=data, **options)


def resolve(gateway, text, accept=None):
    """Sends the text of an input as it stands."""
    rest = "" if accept is None else f', "accept": {json.dumps(accept)}'
    return send(gateway, f'{{"organization_id": "{ORGANIZATION}", "input":  {text} {rest}}}')


def member(response, wanted):
    """The text of a member of the answer, as it stands."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    text = response.content.decode()
    at = text.index("{") + 1
    while True:
        name, at = decoder.raw_decode(text, re.compile(r"\s*").match(text, at).end())
        start = re.compile(r"\s*:\s*").match(text, at).end()
        _, end = decoder.raw_decode(text, start)
        if name == wanted:
            return text[start:end]
        at = text.index(",", end) + 1


def resolved(gateway, text, accept=None):
    response = resolve(gateway, text, accept)
    assert response.status_code == 200, response.text
    return response


def pointers(response):
    return {file_id: file["pointers"] for file_id, file in response.json()["files"].items()}


def raw_urls(response):
    """The pointers of the raw URLs that an answer refuses."""
    found = error(response, 400, "INPUT_VALIDATION_ERROR")["details"]["fields"]
    assert all(field["field"] == "input" and field["reason"] for field in found)
    return [field["pointer"] for field in found]
