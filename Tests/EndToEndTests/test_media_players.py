"""ffmpeg and ffprobe read presigned URLs and the API, seeking to what they want."""

import json
import re

import pytest
from foreign_signers import GET, signed
from http_clients import run
from media import BLUE, RED, SECONDS, centre, is_colour, recorded

TYPES = {"mp4": "video/mp4", "webm": "video/webm", "mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/x-wav"}
CODECS = {
    "mp4": ["aac", "h264"],
    "webm": ["opus", "vp8"],
    "mp3": ["mp3"],
    "ogg": ["vorbis"],
    "wav": ["pcm_s16le"],
}
VIDEO = pytest.mark.parametrize("extension", ["mp4", "webm"])


@pytest.fixture(scope="module")
def files(client):
    return {
        extension: client.upload(recorded(extension), f"media.{extension}", content_type)
        for extension, content_type in TYPES.items()
    }


@pytest.fixture
def url(client, files, extension):
    return client.url(files[extension])


def probed(*arguments):
    options = ["-v", "error", "-show_entries", "format=duration:stream=codec_name", "-of", "json"]
    return json.loads(run("ffprobe", *options, *arguments).stdout)


@pytest.mark.parametrize("extension", TYPES)
def test_ffprobe_reads_what_a_file_is(url, extension):
    found = probed(url)
    assert float(found["format"]["duration"]) == pytest.approx(SECONDS, abs=0.2)
    assert sorted(stream["codec_name"] for stream in found["streams"]) == CODECS[extension]


def frame(second, *source):
    """The picture at a second, as a PNG, and what ffmpeg said while it fetched it."""
    picture = ["-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-"]
    result = run("ffmpeg", "-nostdin", "-v", "debug", "-ss", second, *source, *picture)
    return result.stdout, result.stderr.decode("utf-8", "replace")


@VIDEO
@pytest.mark.parametrize(("second", "colour"), [(SECONDS * 0.25, RED), (SECONDS * 0.75, BLUE)], ids=["red", "blue"])
def test_ffmpeg_seeks_by_url(url, extension, second, colour):
    picture, said = frame(second, "-i", url)
    assert is_colour(centre(picture), colour)
    # The index comes last, and only what is needed is fetched.
    assert re.search(r"Range: bytes=[1-9]\d+-", said)
    fetched = int(re.search(r"Statistics: (\d+) bytes read, [1-9]\d* seeks", said)[1])
    assert fetched < len(recorded(extension))


@VIDEO
@pytest.mark.parametrize("name", GET)
def test_ffmpeg_seeks_by_a_foreign_signers_url(server, files, extension, name):
    picture, said = frame(SECONDS * 0.75, "-i", signed(GET, name, server, files[extension]))
    assert is_colour(centre(picture), BLUE)
    assert re.search(r"Range: bytes=[1-9]\d+-", said)


@VIDEO
def test_ffmpeg_seeks_with_a_key(server, client, files, extension):
    source = ["-headers", f"Authorization: Bearer {client.key}\r\n"]
    picture, said = frame(SECONDS * 0.75, *source, "-i", f"{server.api}/v1/files/{files[extension]}/download")
    assert is_colour(centre(picture), BLUE)
    assert re.search(r"Range: bytes=[1-9]\d+-", said)


@pytest.mark.parametrize("extension", TYPES)
def test_ffmpeg_decodes_a_file_to_its_end(url, extension):
    result = run("ffmpeg", "-nostdin", "-v", "error", "-i", url, "-f", "null", "-")
    assert result.stderr == b""
