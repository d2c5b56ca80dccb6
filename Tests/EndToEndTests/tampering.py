"""Presigned URLs to tamper with, and the answer that refuses them."""

import datetime
import os
import re

import pytest
from cloakroom import element, error_code

DATA = os.urandom(5_000)
AQPE = "AuthorizationQueryParametersError"


def now(**shift):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**shift)


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(DATA)


@pytest.fixture
def url(client, file_id):
    return client.url(file_id)


@pytest.fixture
def ticket(client):
    return client.mint(len(DATA))


def replaced(url, name, value):
    changed, count = re.subn(rf"([?&]{name}=)[^&]*", lambda match: match[1] + value, url)
    assert count == 1
    return changed


def removed(url, name):
    changed, count = re.subn(rf"[?&]{name}=[^&]*", "", url)
    assert count == 1
    return changed if "?" in changed else changed.replace("&", "?", 1)


def refused(response, status, code, *, message=None):
    assert (response.status_code, error_code(response)) == (status, code), response.text
    assert response.headers["Content-Type"] == "application/xml"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert element(response, "RequestId") == response.headers["x-amz-request-id"]
    if message:
        assert message in element(response, "Message"), response.text
