"""A page of another origin embeds pictures, sounds, videos and PDFs in Chromium."""

import html

import pytest
from browser import browser, site
from browser_files import DRAWING, PICTURES, SOUNDS, VIDEOS, is_attachment, own_url, shows, shows_the_pdf
from browser_files import uploaded, url_of
from media import BLUE, GREEN, RED, SECONDS, is_colour, painted


def show(browser, site, element, url=""):
    """Opens a page of the other site with an element in it, once it has loaded."""
    browser.open(site.page(f'<body style="margin: 0">{element.replace("URL", html.escape(url))}'))


# Draws an element on a canvas, which a page may read only if CORS allows it.
PIXEL = """
const pixelOf = (element, width, height) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, {width, height});
    const context = canvas.getContext('2d');
    context.drawImage(element, 0, 0, width, height);
    return [...context.getImageData(width / 2, height / 2, 1, 1).data];
};
"""
IMAGE = PIXEL + """
const [image] = document.images;
return [image.naturalWidth, image.naturalHeight, pixelOf(image, 200, 200)];
"""


@pytest.mark.parametrize("name", [*PICTURES, *DRAWING])
def test_another_site_shows_a_picture(browser, site, own_url, name):
    show(browser, site, '<img crossorigin src="URL" width=800 height=600>', own_url(name))
    width, height, pixel = browser.run(IMAGE)
    assert (width, height) == (200, 200)
    assert is_colour(pixel, GREEN)
    shows(browser, GREEN)


def test_another_site_shows_a_picture_by_every_url(browser, site, url_of):
    show(browser, site, '<img src="URL" width=800 height=600>', url_of("photo.png"))
    assert browser.run("return document.images[0].naturalWidth") == 200
    shows(browser, GREEN)


# Seeks to a second, and tells whether there is a picture then.
SEEK = """
const [second, url] = arguments, video = document.querySelector('video');
const failure = new Promise((_, reject) => video.addEventListener('error', () => reject(video.error.message)));
const event = name =>
    Promise.race([failure, new Promise(resolve => video.addEventListener(name, resolve, {once: true}))]);
if (url) video.src = url;
if (video.readyState < 2) await event('loadeddata');
const seeked = event('seeked');
video.currentTime = second;
await seeked;
if (video.readyState < 2) await event('canplay');
return [video.readyState >= 2, video.currentTime, video.duration, video.videoWidth];
"""
PLAY = """
const media = document.querySelector('video, audio'), before = media.currentTime;
media.muted = true;
await media.play();
while (media.currentTime <= before) {
    if (media.error) throw media.error.message;
    await new Promise(resolve => media.ontimeupdate = resolve);
}
media.pause();
return media.currentTime > before;
"""
PAINTED_VIDEO = PIXEL + """
const video = document.querySelector('video');
await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
return pixelOf(video, video.videoWidth, video.videoHeight);
"""


def seek(browser, second, *url):
    """Seeks in a page of the other site."""
    ready, at, duration, width = browser.wait_for(SEEK, second, *url)
    assert (ready, width) == (True, 320)
    assert at == pytest.approx(second, abs=0.1)
    assert duration == pytest.approx(SECONDS, abs=0.2)


@pytest.mark.parametrize("name", VIDEOS)
def test_another_site_plays_a_video_and_seeks(browser, site, own_url, name):
    show(browser, site, "<video crossorigin width=800 height=600></video>")
    seek(browser, SECONDS * 0.75, own_url(name))
    assert is_colour(browser.wait_for(PAINTED_VIDEO), BLUE)
    seek(browser, SECONDS * 0.25)
    assert is_colour(browser.wait_for(PAINTED_VIDEO), RED)
    assert browser.wait_for(PLAY)
    shows(browser, RED)


def test_another_site_plays_a_video_by_every_url(browser, site, url_of):
    show(browser, site, "<video width=800 height=600></video>")
    seek(browser, SECONDS * 0.75, url_of("clip.webm"))
    assert browser.wait_for(PLAY)
    shows(browser, BLUE)


@pytest.mark.parametrize("name", SOUNDS)
def test_another_site_plays_a_sound(browser, site, own_url, name):
    show(browser, site, '<audio src="URL" controls></audio>', own_url(name))
    assert browser.wait_for(PLAY)


def test_another_site_shows_subtitles(browser, site, own_url):
    show(browser, site, "<video crossorigin></video>")
    text = """
    const track = document.createElement('track'), video = document.querySelector('video');
    Object.assign(track, {default: true, src: arguments[1]});
    video.src = arguments[0];
    await new Promise((resolve, reject) => {
        track.onload = resolve;
        track.onerror = () => reject('no track');
        video.append(track);
    });
    return [...track.track.cues].map(cue => cue.text);
    """
    assert browser.wait_for(text, own_url("clip.webm"), own_url("titles.vtt")) == ["Hello"]


def test_another_site_shows_a_pdf(browser, site, own_url):
    url = own_url("paper.pdf")
    show(browser, site, '<iframe src="URL" width=800 height=600></iframe>', url)
    if is_attachment(url):
        assert browser.downloaded("paper.pdf") == painted("PDF")
    else:
        shows_the_pdf(browser)
