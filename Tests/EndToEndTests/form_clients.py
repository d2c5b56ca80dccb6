"""Clients that send files as forms, each in its own encoding of names and with its own idea of types."""

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

import aiohttp
import httpx
import requests
from http_clients import SECONDS, aiohttp_request, answer, curl, header_options, parsed_head


class Form(NamedTuple):
    """One file, and fields that come before it. Without a type the client decides."""

    data: bytes
    filename: str = "photo.png"
    content_type: str | None = None
    name: str = "file"
    fields: dict = {}

    @property
    def file(self):
        """As requests and httpx take it."""
        return (self.filename, self.data) + ((self.content_type,) if self.content_type else ())


def with_requests(url, form, headers):
    response = requests.post(
        url, files={form.name: form.file}, data=form.fields, headers=headers, timeout=SECONDS
    )
    return answer(response.status_code, response.headers.items(), response.content)


def with_httpx(url, form, headers):
    response = httpx.post(url, files={form.name: form.file}, data=form.fields, headers=headers, timeout=SECONDS)
    return answer(response.status_code, response.headers.items(), response.content)


def with_aiohttp(url, form, headers, quote_fields=True):
    async def send():
        data = aiohttp.FormData(quote_fields=quote_fields)
        for name, value in form.fields.items():
            data.add_field(name, value)
        data.add_field(form.name, form.data, filename=form.filename, content_type=form.content_type)
        return await aiohttp_request("POST", url, data=data, headers=headers)

    return asyncio.run(send())


def with_unquoted_aiohttp(url, form, headers):
    return with_aiohttp(url, form, headers, quote_fields=False)


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def with_curl(url, form, headers, *options):
    with tempfile.TemporaryDirectory() as directory:
        body, head, received = (Path(directory) / name for name in ("body", "head", "received"))
        body.write_bytes(form.data)
        file = f'{form.name}=@{body};filename="{escaped(form.filename)}"'
        kind = f";type={form.content_type}" if form.content_type else ""
        fields = [part for name, value in form.fields.items() for part in ("--form-string", f"{name}={value}")]
        sent = [*header_options(headers), *options, *fields, "-F", file + kind]
        curl(*sent, "-D", head, "-o", received, url)
        return answer(*parsed_head(head.read_text("latin-1")), received.read_bytes())


def with_escaping_curl(url, form, headers):
    """As curl did until 7.80: backslashes where it writes percent forms today."""
    return with_curl(url, form, headers, "--form-escape")


FORM_CLIENTS = {
    "requests": with_requests,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "aiohttp without quotes": with_unquoted_aiohttp,
    "curl": with_curl,
    "curl --form-escape": with_escaping_curl,
}
