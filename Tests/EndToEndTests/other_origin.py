"""A web site of its own origin: pages that use Cloakroom's URLs, and a collector of what scripts report."""

import http.server
import secrets
import threading
import urllib.parse

from held_connections import eventually

# What a hostile file runs. Its report is made while the page loads, and is there once it has loaded. Where a policy
# forbids the report, the title and the message to whoever has opened or embedded the page still tell.
SCRIPT = """
document.title = 'ran';
window.ran = true;
for (const other of [window.parent, window.opener])
  if (other && other !== window) other.postMessage('%(token)s', '*');
try {
  const request = new XMLHttpRequest();
  request.open('GET', '%(report)s', false);
  request.send();
} catch (error) { new Image().src = '%(report)s'; }
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        token = path.removeprefix("/report/")
        if token != path:
            self.server.site.reports.add(token)
        self.answer(*self.server.site.pages.get(path, ("text/plain", b"")))

    def answer(self, content_type, body):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site:
    """The site, while it is open. Its host is `localhost`, and so another site than the storage origin's 127.0.0.1."""

    def __enter__(self):
        self.pages = {"/": ("text/html; charset=utf-8", b"<!DOCTYPE html><title>site</title><body></body>")}
        self.reports = set()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.site = self
        self.url = f"http://localhost:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def serve(self, content_type, body):
        """Serves a document under a new path, and returns its URL."""
        path = f"/{secrets.token_hex(8)}"
        self.pages[path] = (content_type, body)
        return self.url + path

    def page(self, body):
        """Serves a page with a body, and whatever it is told kept in `messages`."""
        listener = "window.messages = []; window.onmessage = event => messages.push(event.data)"
        html = f"<!DOCTYPE html><title>page</title><script>{listener}</script><body>{body}</body>"
        return self.serve("text/html; charset=utf-8", html.encode())

    def script(self):
        """A token, and the script that reports it wherever it runs."""
        token = secrets.token_hex(8)
        return token, SCRIPT % {"token": token, "report": f"{self.url}/report/{token}"}

    def has_heard(self, token):
        return token in self.reports

    def hears(self, token):
        eventually(lambda: self.has_heard(token))
