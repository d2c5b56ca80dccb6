"""Files that browsers show, uploaded as their owners would, and what a screenshot has to show of them."""

import functools

import pytest
from cloakroom import http
from foreign_signers import GET, signed
from held_connections import eventually
from media import GREEN, SVG, centre, is_colour, painted, recorded, share

PICTURES = {
    "photo.png": ("image/png", lambda: painted("PNG")),
    "photo.jpg": ("image/jpeg", lambda: painted("JPEG")),
    "photo.gif": ("image/gif", lambda: painted("GIF")),
    "photo.webp": ("image/webp", lambda: painted("WEBP")),
    "photo.avif": ("image/avif", lambda: painted("AVIF")),
}
DRAWING = {"drawing.svg": ("image/svg+xml", lambda: SVG)}
VIDEOS = {
    "clip.mp4": ("video/mp4", lambda: recorded("mp4")),
    "clip.webm": ("video/webm", lambda: recorded("webm")),
    "clip.mov": ("video/mp4", lambda: recorded("mp4")),
    # As MediaRecorder names what it has recorded.
    "recording.webm": ("video/webm;codecs=vp8,opus", lambda: recorded("webm")),
}
SOUNDS = {
    "song.mp3": ("audio/mpeg", lambda: recorded("mp3")),
    "song.ogg": ("audio/ogg", lambda: recorded("ogg")),
    "song.wav": ("audio/x-wav", lambda: recorded("wav")),
}
OTHERS = {
    "paper.pdf": ("application/pdf", lambda: painted("PDF")),
    "notes.txt": ("text/plain", lambda: b"some notes"),
    "titles.vtt": ("text/vtt", lambda: b"WEBVTT\n\n00:00.000 --> 00:05.000\nHello\n"),
}
FILES = {**PICTURES, **DRAWING, **VIDEOS, **SOUNDS, **OTHERS}


@pytest.fixture(scope="module")
def uploaded(client):
    """The id of each file, which is uploaded once it is needed."""

    @functools.cache
    def uploaded(name):
        content_type, make = FILES[name]
        return client.upload(make(), name, content_type)

    return uploaded


@pytest.fixture(params=["own", "boto3"])
def url_of(request, server, client, uploaded):
    """A URL of the server's own, and of a signer that holds its secret: that one carries neither type nor name."""
    if request.param == "own":
        return lambda name: client.url(uploaded(name))
    return lambda name: signed(GET, request.param, server, uploaded(name))


@pytest.fixture
def own_url(client, uploaded):
    return lambda name: client.url(uploaded(name))


def shows(browser, colour):
    """Waits for the middle of the tab to have a colour."""
    eventually(lambda: is_colour(centre(browser.screenshot()), colour))


def is_attachment(url):
    return http("GET", url).headers["Content-Disposition"].startswith("attachment")


def shows_the_pdf(browser):
    """The viewer draws it some time after its page has loaded."""
    eventually(lambda: share(browser.screenshot(), GREEN) > 0.1)
