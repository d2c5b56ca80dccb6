"""Pictures, sounds, videos, PDFs and texts opened in a tab of their own in Chromium, by nothing but their URL."""

import pytest
from browser import browser
from browser_files import PICTURES, SOUNDS, VIDEOS, is_attachment, own_url, shows, shows_the_pdf, uploaded, url_of
from cloakroom import http
from held_connections import eventually
from media import BLUE, GREEN, RED, SECONDS, painted
from selenium.webdriver.common.keys import Keys

# The document that shows a file in a tab runs no script, not even a listener: it is only asked and told.
STATE = """
const media = document.querySelector('video, audio');
return media && {
    error: media.error?.message ?? null,
    ready: media.readyState >= 2 && !media.seeking,
    at: media.currentTime, duration: media.duration, width: media.videoWidth,
};
"""


def media_in_a_tab(browser, until):
    """The state of the tab's player, once it is as wanted."""
    state = {}

    def is_so():
        state.update(browser.run(STATE) or {})
        assert not state.get("error"), state
        return bool(state) and until(state)

    eventually(is_so)
    return state


def seek_in_a_tab(browser, second):
    media_in_a_tab(browser, lambda state: state["ready"])
    browser.run("document.querySelector('video').currentTime = arguments[0]", second)
    state = media_in_a_tab(browser, lambda state: state["ready"] and abs(state["at"] - second) < 0.1)
    assert state["width"] == 320
    assert state["duration"] == pytest.approx(SECONDS, abs=0.2)


def play_in_a_tab(browser):
    before = media_in_a_tab(browser, lambda state: state["ready"])["at"]
    browser.press(Keys.TAB, Keys.SPACE)
    media_in_a_tab(browser, lambda state: state["at"] > before)
    browser.run("document.querySelector('video, audio').pause()")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_opens_in_a_tab(browser, own_url, name):
    browser.open(own_url(name))
    assert browser.run("return [document.images.length, document.images[0].naturalWidth]") == [1, 200]
    shows(browser, GREEN)


def test_a_picture_opens_in_a_tab_by_every_url(browser, url_of):
    browser.open(url_of("photo.jpg"))
    assert browser.run("return document.images[0].naturalWidth") == 200
    shows(browser, GREEN)


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_opens_in_a_tab_and_seeks(browser, own_url, name):
    browser.open(own_url(name))
    seek_in_a_tab(browser, SECONDS * 0.75)
    shows(browser, BLUE)
    seek_in_a_tab(browser, SECONDS * 0.25)
    play_in_a_tab(browser)
    shows(browser, RED)


def test_a_video_that_is_reloaded_plays_again(browser, own_url):
    """The browser asks whether it has changed, and takes the fields of the 304 for those of what it has."""
    url = own_url("clip.webm")
    browser.open(url)
    play_in_a_tab(browser)
    for _ in range(2):
        browser.reload()
        play_in_a_tab(browser)


def test_a_304_has_the_policy_of_the_200(own_url):
    url = own_url("clip.webm")
    whole = http("GET", url)
    again = http("GET", url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (whole.status_code, again.status_code) == (200, 304)
    assert again.headers["Content-Security-Policy"] == whole.headers["Content-Security-Policy"]
    assert "media-src 'self'" in again.headers["Content-Security-Policy"]


def test_a_video_opens_in_a_tab_by_every_url(browser, url_of):
    browser.open(url_of("clip.mp4"))
    seek_in_a_tab(browser, SECONDS * 0.75)
    shows(browser, BLUE)


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_opens_in_a_tab(browser, own_url, name):
    browser.open(own_url(name))
    play_in_a_tab(browser)
    assert browser.run(STATE)["duration"] == pytest.approx(SECONDS, abs=0.2)


def test_a_pdf_opens_in_a_tab(browser, url_of):
    """It is shown or kept, as its `Content-Disposition` says."""
    url = url_of("paper.pdf")
    browser.open(url)
    if is_attachment(url):
        assert browser.downloaded("paper.pdf") == painted("PDF")
    else:
        shows_the_pdf(browser)


def test_a_text_opens_in_a_tab(browser, url_of):
    browser.open(url_of("notes.txt"))
    assert browser.run("return document.body.innerText").strip() == "some notes"
