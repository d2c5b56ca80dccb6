"""Debian's Chromium without a screen, driven by selenium."""

import contextlib
import os
import pathlib
import tempfile

import pytest
from cloakroom import EVIDENCE
from held_connections import eventually
from other_origin import Site
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SECONDS = 30
ARGUMENTS = [
    "--headless=new",
    "--window-size=800,600",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
]


class Browser:
    """A browser with a profile and a download directory of its own."""

    def __init__(self, directory):
        for path in (CHROMIUM, DRIVER):
            assert os.path.exists(path), f"{path} is missing (apt-get install chromium chromium-driver)"
        self.downloads = pathlib.Path(directory) / "downloads"
        # Chromium leaves some of what it keeps for a while where temporary files are.
        service = Service(DRIVER, env={**os.environ, "TMPDIR": str(directory)})
        self.driver = webdriver.Chrome(self.options(directory), service)
        self.driver.set_page_load_timeout(SECONDS)
        self.driver.set_script_timeout(SECONDS)

    def options(self, directory):
        options = Options()
        options.binary_location = CHROMIUM
        # Chromium's sandbox needs another user than root.
        without_sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
        for argument in [*ARGUMENTS, *without_sandbox, f"--user-data-dir={directory}/profile"]:
            options.add_argument(argument)
        preferences = {"download.default_directory": str(self.downloads), "download.prompt_for_download": False}
        options.add_experimental_option("prefs", preferences)
        return options

    def open(self, url):
        """Opens a URL in the tab, which is empty before."""
        EVIDENCE.signature_of(url)
        self.driver.get("about:blank")
        self.driver.get(url)

    def reload(self):
        self.driver.refresh()

    def run(self, script, *arguments):
        """Runs a script in the page, and returns what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, script, *arguments):
        """Runs the body of an asynchronous function in the page, and returns what it resolves to."""
        wrapped = """
            const [finish, ...given] = [...arguments].reverse();
            (async (...arguments) => { %s })(...given.reverse())
                .then(value => finish({value}), error => finish({error: String(error)}));
        """
        result = self.driver.execute_async_script(wrapped % script, *arguments)
        assert "error" not in result, result["error"]
        return result.get("value")

    def press(self, *keys):
        """Presses keys, as a person does."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def screenshot(self):
        return self.driver.get_screenshot_as_png()

    def downloaded(self, name):
        """The bytes of a download, once it is complete."""
        path = self.downloads / name
        eventually(path.exists)
        data = path.read_bytes()
        path.unlink()
        return data

    def discard_downloads(self):
        for path in self.downloads.glob("*"):
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def frame(self, index):
        """Inside a frame of the page."""
        self.driver.switch_to.frame(index)
        try:
            yield
        finally:
            self.driver.switch_to.default_content()


@pytest.fixture(scope="module")
def browser():
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as directory:
        browser = Browser(directory)
        try:
            yield browser
        finally:
            browser.driver.quit()


@pytest.fixture(scope="module")
def site():
    with Site() as site:
        yield site
