"""HTTP clients as people use them, behind one signature; each adds the header fields that are its own."""

import asyncio
import http.client
import pathlib
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from typing import NamedTuple

import aiohttp
import httpx
import requests
from cloakroom import EVIDENCE

SECONDS = 60


class Answer(NamedTuple):
    status: int
    fields: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


def answer(status, fields, body):
    """An answer with its field names in lower case, kept as evidence if it is an error."""
    fields = {name.lower(): value for name, value in fields}
    if status >= 400:
        EVIDENCE.text(f"answer {status}", body.decode("utf-8", "replace") + str(fields))
    return Answer(status, fields, body)


def with_requests(method, url, data=None, headers=None):
    response = requests.request(method, url, data=data, headers=headers, timeout=SECONDS)
    return answer(response.status_code, response.headers.items(), response.content)


def with_httpx(method, url, data=None, headers=None):
    response = httpx.request(method, url, content=data, headers=headers, timeout=SECONDS)
    return answer(response.status_code, response.headers.items(), response.content)


async def aiohttp_request(method, url, **options):
    # aiohttp decodes and encodes a URL again unless it is told not to, which changes what is signed.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        async with session.request(method, aiohttp.client.URL(url, encoded=True), **options) as response:
            return answer(response.status, response.headers.items(), await response.read())


def with_aiohttp(method, url, data=None, headers=None):
    # Bytes without a type are `application/octet-stream` to aiohttp: it is told to send none.
    return asyncio.run(aiohttp_request(method, url, data=data, headers=headers, skip_auto_headers=["Content-Type"]))


def with_http_client(method, url, data=None, headers=None):
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=SECONDS)
    try:
        connection.request(method, "/" + path, body=data, headers=headers or {})
        response = connection.getresponse()
        return answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def with_urllib(method, url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        return answer(error.code, error.headers.items(), error.read())


def run(*line, check=True, **options):
    """Runs a tool to its end, and fails with what it said."""
    result = subprocess.run([str(part) for part in line], capture_output=True, timeout=SECONDS, **options)
    assert not check or result.returncode == 0, (result.returncode, result.stderr.decode("utf-8", "replace"))
    return result


def header_options(headers):
    return [part for name, value in (headers or {}).items() for part in ("--header", f"{name}: {value}")]


def parsed_head(text):
    """Status and fields of the last head in what curl and wget print."""
    heads = re.split(r"(?m)^\s*(?=HTTP/1\.[01] \d{3})", text)
    lines = [line.strip() for line in heads[-1].splitlines()]
    fields = [line.partition(": ")[::2] for line in lines[1:] if ": " in line]
    return int(lines[0].split(" ")[1]), fields


def curl(*options, check=True, **more):
    """Runs curl; a signature or key among its options becomes a secret that must not leak."""
    for option in options:
        EVIDENCE.signature_of(str(option))
    return run("curl", "--silent", "--show-error", *options, check=check, **more)


def with_curl(method, url, data=None, headers=None):
    """Uploads with `-T`, which sends no type, as people do; other methods with `--data-binary`."""
    with tempfile.TemporaryDirectory() as directory:
        body, head, received = (pathlib.Path(directory) / name for name in ("body", "head", "received"))
        body.write_bytes(data or b"")
        received.touch()
        how = [] if data is None else ["-T", body] if method == "PUT" else ["--data-binary", f"@{body}"]
        curl("-X", method, *how, *header_options(headers), "-D", head, "-o", received, url)
        return answer(*parsed_head(head.read_text("latin-1")), received.read_bytes())


def with_wget(method, url, data=None, headers=None):
    with tempfile.TemporaryDirectory() as directory:
        body, received = (pathlib.Path(directory) / name for name in ("body", "received"))
        body.write_bytes(data or b"")
        received.touch()
        how = [f"--method={method}"] + ([] if data is None else [f"--body-file={body}"])
        options = ["--quiet", "--server-response", "--content-on-error", "--tries=1", "-O", received]
        result = run("wget", *options, *how, *header_options(headers), url, check=False)
        return answer(*parsed_head(result.stderr.decode("latin-1")), received.read_bytes())


CLIENTS = {
    "requests": with_requests,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "http.client": with_http_client,
    "urllib": with_urllib,
    "curl": with_curl,
    "wget": with_wget,
}
# Clients that send no type of their own accord; urllib and wget declare a body to be a form.
UNTYPED = ["requests", "httpx", "aiohttp", "http.client", "curl"]
