"""Refusals that come while 90 MB are still being sent: clients report them, and no broken pipe or reset."""

from typing import NamedTuple

import pytest
from cloakroom import Client, Server
from foreign_signers import PUT, signed
from form_clients import FORM_CLIENTS, Form
from http_clients import CLIENTS, with_curl
from nginx import Nginx, free_port

SIZE = 90_000_000
LIMIT = SIZE - 500_000
DATA = bytes(SIZE)
TYPE = "video/mp4"


def with_unasking_curl(method, url, data=None, headers=None):
    """curl asks before it sends much, unless it is told not to."""
    return with_curl(method, url, data, {**(headers or {}), "Expect": ""})


SENDERS = {name: CLIENTS[name] for name in ["requests", "httpx", "aiohttp", "http.client", "urllib", "curl"]}
SENDERS["curl without Expect"] = with_unasking_curl


class Way(NamedTuple):
    """A server, and the URLs by which its clients reach it."""

    server: Server
    api: str
    storage: str
    client: Client

    @property
    def signing_keys(self):
        return self.server.signing_keys


@pytest.fixture(scope="module")
def ways():
    """Two servers whose limit 90 MB exceed, the second one with nginx before both of its origins."""
    api, storage = free_port(), free_port()
    public = [f"--api-url=http://127.0.0.1:{api}", f"--storage-url=http://127.0.0.1:{storage}"]
    with Server(f"--max-size-bytes={LIMIT}") as direct, Server(f"--max-size-bytes={LIMIT}", *public) as proxied:
        with Nginx(proxied.api, api) as api_proxy, Nginx(proxied.storage, storage) as storage_proxy:
            yield {
                "direct": Way(direct, direct.api, direct.storage, direct.client()),
                "behind nginx": Way(proxied, api_proxy.url, storage_proxy.url, proxied.client()),
            }


@pytest.fixture(params=["direct", "behind nginx"])
def way(ways, request):
    return ways[request.param]


class Refusal(NamedTuple):
    """A request that is refused by its head alone, and the answer."""

    method: str
    url: str
    data: bytes
    headers: dict
    status: int
    code: str


def another_type(way):
    url = way.client.mint(LIMIT, "video.mp4", TYPE)["upload_url"]
    return Refusal("PUT", url, DATA[:LIMIT], {"Content-Type": "video/webm"}, 400, "ContentTypeMismatch")


def another_type_unsigned(way):
    url = signed(PUT, "boto3", way, way.client.mint(LIMIT, "video.mp4", TYPE)["file_id"])
    return Refusal("PUT", url, DATA[:LIMIT], {"Content-Type": "video/webm"}, 400, "ContentTypeMismatch")


def another_length(way):
    url = signed(PUT, "boto3", way, way.client.mint(LIMIT - 1, "video.mp4", TYPE)["file_id"])
    return Refusal("PUT", url, DATA[:LIMIT], {"Content-Type": TYPE}, 400, "ContentLengthMismatch")


def too_large(way):
    url = signed(PUT, "boto3", way, way.client.mint(LIMIT, "video.mp4", TYPE)["file_id"])
    return Refusal("PUT", url, DATA, {"Content-Type": TYPE}, 413, "EntityTooLarge")


def changed_url(way):
    url = way.client.mint(LIMIT, "video.mp4", TYPE)["upload_url"]
    return Refusal("PUT", url[:-8] + "00000000", DATA[:LIMIT], {"Content-Type": TYPE}, 403, "SignatureDoesNotMatch")


def compressed(way):
    url = way.client.mint(LIMIT, "video.mp4", TYPE)["upload_url"]
    headers = {"Content-Type": TYPE, "Content-Encoding": "gzip"}
    return Refusal("PUT", url, DATA[:LIMIT], headers, 415, "UnsupportedContentEncoding")


def direct(way, filename, data, status, code, key=None):
    headers = {"Authorization": f"Bearer {key or way.client.key}", "Content-Type": TYPE}
    return Refusal("POST", f"{way.api}/v1/files?filename={filename}", data, headers, status, code)


def contradiction(way):
    return direct(way, "photo.png", DATA[:LIMIT], 400, "INPUT_VALIDATION_ERROR")


def too_large_for_the_api(way):
    return direct(way, "video.mp4", DATA, 413, "PAYLOAD_TOO_LARGE")


def unknown_key(way):
    return direct(way, "video.mp4", DATA[:LIMIT], 401, "UNAUTHORIZED", "sk_" + "0" * 72)


def hear(sender, refusal):
    *request, status, code = refusal
    answer = SENDERS[sender](*request)
    assert (answer.status, code in answer.text) == (status, True), answer.text


@pytest.mark.parametrize("make", [another_type, too_large, too_large_for_the_api], ids=lambda make: make.__name__)
@pytest.mark.parametrize("sender", SENDERS)
def test_a_refusal_is_heard_by_who_is_still_sending(way, sender, make):
    hear(sender, make(way))


OTHERS = [another_type_unsigned, another_length, changed_url, compressed, contradiction, unknown_key]


@pytest.mark.parametrize("make", OTHERS, ids=lambda make: make.__name__)
def test_every_refusal_is_heard(ways, make):
    """http.client is the strictest: it looks for no answer once it cannot send."""
    hear("http.client", make(ways["direct"]))


@pytest.mark.parametrize("name", ["requests", "httpx", "aiohttp", "curl"])
def test_a_form_that_is_too_large_is_refused_audibly(way, name):
    headers = {"Authorization": f"Bearer {way.client.key}"}
    answer = FORM_CLIENTS[name](f"{way.api}/v1/files", Form(DATA, "video.mp4", TYPE), headers)
    assert (answer.status, "PAYLOAD_TOO_LARGE" in answer.text) == (413, True), answer.text


def test_an_upload_goes_through(way):
    """What the refusals are compared with."""
    ticket = way.client.mint(LIMIT, "video.mp4", TYPE)
    answer = CLIENTS["requests"]("PUT", ticket["upload_url"], DATA[:LIMIT], {"Content-Type": TYPE})
    assert answer.status == 200, answer.text
    assert way.client.delete(f"/v1/files/{ticket['file_id']}").status_code == 204
