"""A page of another origin uploads from Chromium: progress and refusals are the page's to read."""

import hashlib

import pytest
from browser import browser, site
from cloakroom import http
from foreign_signers import PUT, signed
from media import BLUE, is_colour

SIZE = 1_000_000
TYPE = "video/mp4"
# Bytes that a page makes, and which a test can make too.
MAKE = "new Blob([new Uint8Array(arguments[1]).fill(97)], arguments[2] ? {type: arguments[2]} : {})"

XHR = """
const [url, size, type] = arguments, blob = %s, request = new XMLHttpRequest(), progress = [];
request.upload.onprogress = event => progress.push([event.loaded, event.total]);
request.open('PUT', url);
request.send(blob);
await new Promise(resolve => request.onloadend = resolve);
return {
    status: request.status, text: request.responseText, progress,
    etag: request.getResponseHeader('ETag'), checksum: request.getResponseHeader('x-amz-checksum-sha256'),
};
""" % MAKE

FETCH = """
const [url, size, type] = arguments;
const response = await fetch(url, {method: 'PUT', body: %s});
return {status: response.status, text: await response.text(), etag: response.headers.get('ETag')};
""" % MAKE

WAYS = {"XHR": XHR, "fetch": FETCH}


@pytest.fixture(autouse=True)
def page(browser, site):
    browser.open(site.url + "/")


def mint(client, size=SIZE, content_type=TYPE, filename="video.mp4"):
    return client.mint(size, filename, content_type)


def record(client, ticket):
    return client.get(f"/v1/files/{ticket['file_id']}").json()


def test_the_page_is_of_another_origin(server, browser):
    """What the other tests rely on."""
    assert browser.run("return self.origin").startswith("http://localhost:")
    assert server.storage.startswith("http://127.0.0.1:")


def test_xhr_uploads_with_progress(client, browser):
    """Chromium tells of it 20 times a second at most: the upload is large enough to be seen under way."""
    size = 90_000_000
    ticket = mint(client, size)
    result = browser.wait_for(XHR, ticket["upload_url"], size, TYPE)
    assert (result["status"], result["text"]) == (200, "")
    assert (result["etag"], len(result["checksum"])) == (f'"{ticket["file_id"]}"', 44)
    assert result["progress"][0][0] < size
    assert result["progress"][-1] == [size, size]
    assert record(client, ticket)["sha256"] == hashlib.sha256(b"a" * size).hexdigest()


@pytest.mark.parametrize("way", WAYS)
def test_an_upload_is_stored(client, browser, way):
    ticket = mint(client)
    assert browser.wait_for(WAYS[way], ticket["upload_url"], SIZE, TYPE)["status"] == 200
    assert record(client, ticket)["status"] == "ready"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("signer", PUT)
@pytest.mark.parametrize("sent", [TYPE, None], ids=["typed", "untyped"])
def test_an_upload_by_a_foreign_signers_url_is_stored(server, client, browser, way, signer, sent):
    ticket = mint(client, 1_000)
    url = signed(PUT, signer, server, ticket["file_id"])
    result = browser.wait_for(WAYS[way], url, 1_000, sent)
    assert (result["status"], result["text"], result["etag"]) == (200, "", f'"{ticket["file_id"]}"')


def changed(url):
    return url[:-8] + "00000000"


@pytest.mark.parametrize("way", WAYS)
def test_refusals_can_be_read(client, browser, way):
    ticket = mint(client, 1_000)
    url = ticket["upload_url"]
    cases = [
        ((url, 1_000, "video/webm"), 400, "<Expected>video/mp4</Expected><Received>video/webm</Received>"),
        ((url, 1_001, TYPE), 400, "<Code>ContentLengthMismatch</Code>"),
        ((changed(url), 1_000, TYPE), 403, "<Code>SignatureDoesNotMatch</Code>"),
        ((url.partition("?")[0], 1_000, TYPE), 403, "<Code>AccessDenied</Code>"),
    ]
    for arguments, status, text in cases:
        result = browser.wait_for(WAYS[way], *arguments)
        assert (result["status"], text in result["text"]) == (status, True), result
    assert record(client, ticket)["status"] == "pending"
    assert browser.wait_for(WAYS[way], url, 1_000, TYPE)["status"] == 200
    client.delete(f"/v1/files/{ticket['file_id']}")
    result = browser.wait_for(WAYS[way], url, 1_000, TYPE)
    assert (result["status"], "<Code>NoSuchKey</Code>" in result["text"]) == (404, True), result


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("signer", PUT)
def test_refusals_of_a_foreign_signers_url_can_be_read(server, client, browser, way, signer):
    ticket = mint(client, 1_000)
    url = signed(PUT, signer, server, ticket["file_id"])
    result = browser.wait_for(WAYS[way], url, 1_000, "video/webm")
    assert result["status"] == 400
    assert "<Expected>video/mp4</Expected><Received>video/webm</Received>" in result["text"]
    result = browser.wait_for(WAYS[way], url, 999, None)
    assert (result["status"], "<Code>ContentLengthMismatch</Code>" in result["text"]) == (400, True), result


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_of_90_megabytes_can_be_read(client, browser, way):
    """The answer comes while Chromium is still sending."""
    ticket = mint(client, 90_000_000)
    result = browser.wait_for(WAYS[way], ticket["upload_url"], 90_000_000, "video/webm")
    assert result["status"] == 400
    assert "<Expected>video/mp4</Expected><Received>video/webm</Received>" in result["text"]


RECORD = """
const canvas = document.createElement('canvas'), sound = new AudioContext(), tone = sound.createOscillator();
document.body.append(canvas);
const context = canvas.getContext('2d'), output = sound.createMediaStreamDestination();
context.fillStyle = 'rgb(0, 0, 255)';
context.fillRect(0, 0, canvas.width, canvas.height);
tone.connect(output);
tone.start();
const stream = new MediaStream([...canvas.captureStream(25).getTracks(), ...output.stream.getTracks()]);
const recorder = new MediaRecorder(stream, {mimeType: arguments[0]}), parts = [];
let size = 0;
recorder.ondataavailable = event => { parts.push(event.data); size += event.data.size; };
const stopped = new Promise(resolve => recorder.onstop = resolve);
recorder.start(100);
while (size < 4000) {
    context.fillRect(0, 0, canvas.width, canvas.height);
    await new Promise(requestAnimationFrame);
}
recorder.stop();
await stopped;
await sound.close();
window.recording = new Blob(parts, {type: recorder.mimeType});
return [recorder.mimeType, recording.type, recording.size];
"""

SEND_RECORDING = """
const response = await fetch(arguments[0], {method: 'PUT', body: recording});
return [response.status, await response.text()];
"""

PLAY = """
const video = document.createElement('video');
Object.assign(video, {crossOrigin: 'anonymous', muted: true, src: arguments[0]});
const shown = new Promise((resolve, reject) => {
    video.requestVideoFrameCallback(resolve);
    video.onerror = () => reject(video.error.message);
});
await video.play();
await shown;
const canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
const context = canvas.getContext('2d');
context.drawImage(video, 0, 0);
return [...context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data];
"""


@pytest.mark.parametrize("kind", ["video/webm;codecs=vp8,opus", "video/webm;codecs=VP9,Opus", "video/webm"])
def test_what_a_page_records_is_uploaded_and_plays(client, browser, kind):
    """MediaRecorder writes a bare comma; `Blob` writes all in lower case. Either is what a page declares."""
    recorder_type, blob_type, size = browser.wait_for(RECORD, kind)
    for declared in {recorder_type, blob_type}:
        ticket = mint(client, size, declared, "recording.webm")
        assert browser.wait_for(SEND_RECORDING, ticket["upload_url"]) == [200, ""]
        pixel = browser.wait_for(PLAY, client.url(ticket["file_id"]))
        assert is_colour(pixel, BLUE)


def test_downloads_can_be_read_by_fetch(client, browser):
    """Header fields too, and errors."""
    url = client.url(client.upload(b"some notes", "notes.txt", "text/plain"))
    read = """
    const response = await fetch(arguments[0], {headers: {Range: 'bytes=5-9'}});
    const [range, etag] = ['Content-Range', 'ETag'].map(name => response.headers.get(name));
    return [response.status, await response.text(), range, etag];
    """
    status, text, content_range, etag = browser.wait_for(read, url)
    assert (status, text, content_range) == (206, "notes", "bytes 5-9/10")
    assert etag == http("HEAD", url).headers["ETag"]
    status, text, *_ = browser.wait_for(read, changed(url))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)
