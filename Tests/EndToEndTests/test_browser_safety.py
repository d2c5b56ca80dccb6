"""Nothing that was uploaded runs from the storage origin in Chromium, whatever it was declared to be.

The same documents from a server that does nothing against it do run, and say so: what is absent here would be seen.
"""

import html
import urllib.parse

import pytest
from browser import browser, site
from cloakroom import EVIDENCE, http
from foreign_signers import GET, signed
from hostile_documents import CDATA, DOCUMENTS, XML, XSLT, Document

ELEMENTS = [
    '<iframe src="URL"></iframe>',
    '<iframe sandbox="allow-scripts allow-same-origin" src="URL"></iframe>',
    '<embed src="URL">',
    '<object data="URL"></object>',
]
RUNNING = [name for name, document in DOCUMENTS.items() if document.runs]


@pytest.fixture(autouse=True)
def no_downloads_left(browser):
    yield
    browser.discard_downloads()


def uploaded_to(client):
    """Uploads a document, and returns a URL that opens it."""
    return lambda document, body: client.url(client.upload(body, document.filename, document.content_type))


def served_by(site):
    """Serves a document from the site, with its type and no other header field that matters."""
    return lambda document, body: site.serve(document.content_type, body)


def has_run(browser):
    """Whether the script has run in the document that is open, or in the frame."""
    return browser.run("return window.ran === true || document.title === 'ran'")


def runs_in_a_tab(browser, site, document, publish):
    token, script = site.script()
    browser.open(publish(document, document.body(script)))
    return has_run(browser) or site.has_heard(token)


def runs_embedded(browser, site, document, publish):
    """Whether the script has run in any element that could have it run."""
    token, script = site.script()
    url = publish(document, document.body(script))
    EVIDENCE.signature_of(url)
    browser.open(site.page("".join(ELEMENTS).replace("URL", html.escape(url))))
    for index in range(2):
        with browser.frame(index):
            if has_run(browser):
                return True
    return site.has_heard(token) or token in browser.run("return messages")


@pytest.mark.parametrize("name", RUNNING)
def test_a_script_runs_from_a_server_that_does_nothing(browser, site, name):
    """The other side of the next two tests: they would notice a script that runs."""
    assert runs_in_a_tab(browser, site, DOCUMENTS[name], served_by(site))
    assert runs_embedded(browser, site, DOCUMENTS[name], served_by(site))


@pytest.mark.parametrize("name", ["HTML", "SVG"])
def test_every_sign_is_seen_where_a_script_runs(browser, site, name):
    """A title, a message to the page around it, and a report: any of them would tell."""
    token, script = site.script()
    url = site.serve(DOCUMENTS[name].content_type, DOCUMENTS[name].body(script))
    browser.open(url)
    assert has_run(browser)
    site.hears(token)
    for element in ELEMENTS:
        token, script = site.script()
        url = site.serve(DOCUMENTS[name].content_type, DOCUMENTS[name].body(script))
        browser.open(site.page(element.replace("URL", url)))
        site.hears(token)
        assert token in browser.wait_for("while (!messages.length) await new Promise(setTimeout); return messages")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_in_a_tab_runs_nothing(client, browser, site, name):
    assert not runs_in_a_tab(browser, site, DOCUMENTS[name], uploaded_to(client))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_embedded_document_runs_nothing(client, browser, site, name):
    assert not runs_embedded(browser, site, DOCUMENTS[name], uploaded_to(client))


@pytest.mark.parametrize("name", ["HTML", "SVG", "XML", "HTML as a PNG"])
def test_a_document_by_a_foreign_signers_url_runs_nothing(server, client, browser, site, name):
    """These URLs carry no type: what is known of it comes from the file's row."""

    def publish(document, body):
        return signed(GET, "boto3", server, client.upload(body, document.filename, document.content_type))

    assert not runs_in_a_tab(browser, site, DOCUMENTS[name], publish)
    assert not runs_embedded(browser, site, DOCUMENTS[name], publish)


@pytest.mark.parametrize("name", ["HTML as a PNG", "HTML as a video", "HTML as text", "HTML as bytes"])
def test_a_type_that_a_url_overrides_runs_nothing(server, client, browser, site, name):
    """Whoever signs may name another type, and ask for it to be shown."""

    def publish(document, body):
        overrides = {"ResponseContentType": "text/html", "ResponseContentDisposition": "inline"}
        return signed(GET, "boto3", server, client.upload(body, document.filename, document.content_type), **overrides)

    assert not runs_in_a_tab(browser, site, DOCUMENTS[name], publish)
    assert not runs_embedded(browser, site, DOCUMENTS[name], publish)


def transformed(stylesheet_url):
    """An XML document that a stylesheet makes a page of."""
    instruction = f'<?xml-stylesheet type="text/xsl" href="{html.escape(stylesheet_url)}"?>'
    return XML.replace("?>", f"?>{instruction}", 1).replace("<h:script>%s</h:script>", "").encode()


@pytest.mark.parametrize("kind", ["text/xsl", "application/xslt+xml", "text/xml"])
def test_a_stylesheet_runs_nothing(client, browser, site, kind):
    stylesheet, document = Document("style.xsl", kind, XSLT), Document("data.xml", "text/xml", XML)
    heard = []
    for publish in (served_by(site), uploaded_to(client)):
        token, script = site.script()
        url = publish(stylesheet, stylesheet.body(script))
        EVIDENCE.signature_of(url)
        browser.open(publish(document, transformed(url)))
        heard.append(has_run(browser) or site.has_heard(token))
    assert heard == [True, False]


def test_an_error_runs_nothing(server, browser, site):
    """Its document is XML, which shows what was asked for."""
    token, script = site.script()
    element = '<h:script xmlns:h="http://www.w3.org/1999/xhtml">%s</h:script>' % (CDATA % script)
    markup = urllib.parse.quote(element)
    for path in [f"/{markup}", f"/files/{markup}", f"/files/x?{markup}", f"/files/x?X-Amz-Expires={markup}"]:
        browser.open(server.storage + path)
        assert "xml" in browser.run("return document.contentType")
        assert not has_run(browser)
    assert not site.has_heard(token)


def test_active_documents_are_downloaded(client, browser, site):
    """A tab shows none of them, and what the browser keeps has the bytes and the name."""
    for name in ["HTML", "XHTML", "SVG", "XML", "HTML as a script"]:
        document = DOCUMENTS[name]
        _, script = site.script()
        browser.open(client.url(client.upload(document.body(script), document.filename, document.content_type)))
        assert browser.downloaded(document.filename) == document.body(script)
        assert browser.run("return document.URL") == "about:blank"


def test_text_is_shown_as_text(client, browser, site):
    _, script = site.script()
    body = DOCUMENTS["HTML as text"].body(script)
    browser.open(client.url(client.upload(body, "notes.txt", "text/plain")))
    assert browser.run("return document.body.innerText").strip() == body.decode().strip()


# A script that a page of another site embeds, by its declared type. One that is declared a script is the page's own
# business: it runs in the page's origin, with the page's rights, and not in the storage origin.
SCRIPTS = {
    "text/javascript": True,
    "application/javascript": True,
    "text/javascript; charset=utf-8": True,
    "text/plain": False,
    "text/html": False,
    "text/css": False,
    "text/csv": False,
    "application/json": False,
    "application/octet-stream": False,
    "application/x-own": False,
    "image/png": False,
    "image/svg+xml": False,
    "video/mp4": False,
    "audio/mpeg": False,
}
LOAD_SCRIPT = """
const script = document.createElement('script');
Object.assign(script, {src: arguments[0], type: arguments[1], crossOrigin: arguments[1] ? 'anonymous' : null});
const event = new Promise(resolve => script.onload = script.onerror = event => resolve(event.type));
document.head.append(script);
return [await event, window.ranIn ?? null];
"""


@pytest.mark.parametrize("module", ["", "module"], ids=["classic", "module"])
@pytest.mark.parametrize("content_type", SCRIPTS)
def test_only_a_declared_script_can_be_embedded(client, browser, site, content_type, module):
    url = client.url(client.upload(b"window.ranIn = self.origin;", "script", content_type))
    browser.open(site.page(""))
    expected = ["load", site.url] if SCRIPTS[content_type] else ["error", None]
    assert browser.wait_for(LOAD_SCRIPT, url, module) == expected


LOAD_STYLE = """
const link = document.createElement('link');
Object.assign(link, {rel: 'stylesheet', href: arguments[0]});
await new Promise(resolve => { link.onload = link.onerror = resolve; document.head.append(link); });
return getComputedStyle(document.body).color;
"""


@pytest.mark.parametrize("content_type", ["text/css", "text/plain", "text/html", "application/octet-stream"])
def test_only_a_declared_style_can_be_embedded(client, browser, site, content_type):
    url = client.url(client.upload(b"body { color: rgb(1, 2, 3) }", "style", content_type))
    browser.open(site.page(""))
    colour = "rgb(1, 2, 3)" if content_type == "text/css" else "rgb(0, 0, 0)"
    assert browser.wait_for(LOAD_STYLE, url) == colour


def test_the_headers_say_the_same(client):
    """What the browser goes by; other browsers are not tried."""
    for name, document in DOCUMENTS.items():
        body = document.body("quiet()")
        response = http("GET", client.url(client.upload(body, document.filename, document.content_type)))
        assert response.headers["X-Content-Type-Options"] == "nosniff", name
        policy = response.headers["Content-Security-Policy"]
        directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert directives.get("script-src", directives["default-src"]) == "'none'", name
        assert not document.active or response.headers["Content-Disposition"].startswith("attachment"), name
